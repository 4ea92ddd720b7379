/**
 * A session of Postgres that takes statements: a `Client` or `PoolClient` of pg, or the transaction of another library
 * through an object with this one method. In the statements of `once` each of `$1`, `$2` … occurs once and in this order,
 * so that an adapter may replace them by `?`; all values are texts.
 */
export interface OnceSession {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly unknown[] }>
}

/** A pool of sessions; a `Pool` of pg fits. `Session` is what it lends. */
export interface OncePool<Session extends OnceSession> {
  readonly connect: { (): Promise<Session>; (callback: never): void }
  readonly totalCount: number
}

export interface OnceOptions {
  /** Of an effect, where a handler has several: 1 to 100 letters, digits, `.`, `_` and `-`. Default: none. */
  readonly name?: string
}

/**
 * Makes an effect happen once for an event and a group, however often the event is delivered: a row in `eventtrail_inbox`
 * is written in the same transaction of the same database. What the effect does elsewhere may still happen again.
 */
export interface Once {
  /**
   * With a pool: takes a session, begins a transaction, calls `effect`, commits, and gives the session back.
   * @returns whether `effect` ran; false where an earlier delivery did it already
   * @throws InboxError, and what `effect` throws: then nothing is stored
   */
  <Session extends OnceSession>(
    pool: OncePool<Session>,
    effect: (session: Session) => unknown,
    options?: OnceOptions
  ): Promise<boolean>
  /**
   * With a session: joins the transaction that it is in (the caller commits), or begins and commits one. Anything else than
   * a session of pg must be in a transaction.
   */
  <Session extends OnceSession>(
    session: Session,
    effect: (session: Session) => unknown,
    options?: OnceOptions
  ): Promise<boolean>
}

/**
 * The same for a batch: one statement finds out which of its events are new, and `effect` gets these alone, in their order.
 * Events that were marked by `fail`, and those after them of their aggregate, are not among them: they come again.
 * It is not called where none is.
 */
export interface OnceOfBatch<Event> {
  <Session extends OnceSession>(
    pool: OncePool<Session>,
    effect: (fresh: readonly Event[], session: Session) => unknown,
    options?: OnceOptions
  ): Promise<boolean>
  <Session extends OnceSession>(
    session: Session,
    effect: (fresh: readonly Event[], session: Session) => unknown,
    options?: OnceOptions
  ): Promise<boolean>
}

/** The events that an effect is of. */
export interface Claim {
  /** The group, and after a `/` the name of the effect where it has one. */
  readonly group: string
  /** Ids of the events, each once. */
  readonly ids: readonly string[]
}

/** Remembers which events were handled. */
export interface Inbox {
  /**
   * Calls `effect` with those ids that were not handled yet, unless there is none, in the transaction that remembers them.
   * @returns whether it was called
   */
  run(
    client: OnceSession | OncePool<OnceSession>,
    claim: Claim,
    effect: (fresh: ReadonlySet<string>, session: OnceSession) => unknown
  ): Promise<boolean>
}
