import {
  type Clock,
  describeError,
  type Logger,
  machineClock,
  pause,
  safeError,
  silentLogger
} from '../../core/index.ts'
import { type Health, type Meter, noMeter } from '../../observability/index.ts'
import type { Session } from '../../postgres/index.ts'
import { composeNote, entryHash, type Signer, type Trust } from '../../proof/index.ts'
import { proofOrigin } from '../../trail/index.ts'
import { AuditError } from '../errors.ts'
import { readCheckpoint, type TileStore } from '../store/index.ts'
import { stampCheckpoint } from '../timestamp/index.ts'
import { Cosigners } from './cosigners.ts'
import { Follower } from './follow.ts'
import { type Judgement, judge } from './judge.ts'
import { type Log, loadLog } from './load.ts'
import type { SealerMetrics } from './metrics.ts'
import { consistencyFrom, signCheckpoint, writeCheckpoint, writeTiles } from './publish.ts'
import {
  countUnsealed,
  lastSealed,
  lockCandidates,
  newestCheckpoint,
  readPredecessors,
  storeCheckpoint,
  takeSealerLock,
  type Unsealed,
  writeJudgement
} from './rows.ts'

export interface SealerOptions {
  /** Opens a session of the database: one at a time, which holds the lock of the sealer. */
  readonly connect: () => Promise<Session>
  /** The key of the log. */
  readonly signer: Signer
  readonly trust: Trust
  /** The first one has to take a checkpoint before it counts; the others follow. */
  readonly places: readonly [TileStore, ...TileStore[]]
  /** URL of a time stamp authority (RFC 3161), which stamps each checkpoint. Default: none. */
  readonly tsa?: string | undefined
  readonly log?: Logger
  readonly meter?: Meter<SealerMetrics>
  readonly clock?: Clock
  /** Entries that are sealed in one round at most. Default 5,000. */
  readonly most?: number
  /** ms after which an open entry that its writer has not touched is sealed. Default 60,000. */
  readonly staleMs?: number
}

/** What a round did. */
export interface Round {
  /** False: another sealer has the lock, and this one waits for it. */
  readonly isOurs: boolean
  readonly judgement: Judgement
  /** Entries of the log. */
  readonly size: number
  /** There may be more to seal at once. */
  readonly more: boolean
  /** Places that lack the newest checkpoint, and witnesses that have not cosigned it, and why. */
  readonly lagging: readonly { readonly place: string; readonly why: string }[]
}

const nothing: Judgement = { sealed: [], rejected: [], broken: [] }

/**
 * Seals the entries of a trail into its log, round by round.
 *
 * ```
 *  disconnected ── session ──▶ waiting ── lock ──▶ sealing
 *       ▲                         │                   │
 *       └───────── any error ─────┴───────────────────┘
 * ```
 *
 * After an error nothing is taken as known: the database and the first place are held against each other again, and what
 * was sealed and not published is published with the same bytes.
 */
export class Sealer {
  readonly #options: Required<SealerOptions>
  readonly #followers: Follower[] = []
  readonly #cosigners: Cosigners
  #session: Session | undefined
  #hasLock = false
  #state: Log | undefined
  #trouble: unknown
  #hasRun = false
  /** The size of the newest checkpoint that has a time stamp. */
  #stamped: number | undefined
  #unsealed: Unsealed = { entries: 0, oldestSeconds: 0, rejected: 0 }
  /** When the newest checkpoint was made, on the clock of this process. */
  #checkpointAt: number | undefined

  constructor(options: SealerOptions) {
    this.#options = {
      ...{ tsa: undefined, log: silentLogger, meter: noMeter, clock: machineClock, most: 5_000, staleMs: 60_000 },
      ...options
    }
    const { trust, log, clock } = this.#options
    this.#cosigners = new Cosigners(trust, log, clock)
    this.#gauges()
  }

  /** Why it seals nothing now. One that waits for the lock is ready. */
  health(): Health {
    const reason = this.#trouble === undefined ? undefined : describeError(this.#trouble)
    return { notReady: reason === undefined ? (this.#hasRun ? [] : ['it has not started yet']) : [reason], dead: [] }
  }

  /**
   * Seals what can be sealed, and publishes it.
   * @throws AuditError `PROOF_OFF`, `LOG_KEY_REFUSED`, `LOG_ROLLED_BACK`, `LOG_FORKED`, `QUORUM_MISSING`, and those of places; ProofError; a database error
   */
  async round(): Promise<Round> {
    try {
      const round = await this.#round()
      this.#trouble = undefined
      this.#hasRun = true
      return round
    } catch (error) {
      this.#trouble = error
      await this.close()
      throw error
    }
  }

  /** Rounds until the signal aborts: what fails is tried again at the next turn. */
  async run(everyMs: number, signal: AbortSignal): Promise<void> {
    const { log, clock } = this.#options
    while (!signal.aborted) {
      const more = await this.round()
        .then(round => round.more)
        .catch(error => {
          log.error({ err: safeError(error) }, 'nothing was sealed in this round; trying again')
          return false
        })
      if (!more) await pause(everyMs, signal, clock)
    }
    await this.close()
  }

  /** Ends the session, and with it the lock. */
  async close(): Promise<void> {
    const session = this.#session
    this.#session = undefined
    this.#hasLock = false
    this.#state = undefined
    await session?.end().catch(() => undefined)
  }

  async #round(): Promise<Round> {
    this.#session ??= await this.#options.connect()
    const session = this.#session
    const origin = await this.#requireOrigin(session)
    this.#unsealed = await countUnsealed(session)
    const newest = await newestCheckpoint(session)
    if (newest) this.#checkpointAt = this.#options.clock.monotonic() - newest.ageSeconds * 1_000
    this.#hasLock ||= await takeSealerLock(session)
    if (!this.#hasLock) return { isOurs: false, judgement: nothing, size: newest?.size ?? 0, more: false, lagging: [] }
    const state = await this.#known(session, origin)
    const { judgement, candidates } = await this.#seal(session, state)
    await this.#publish(session, state)
    await this.#follow(session, state)
    this.#unsealed = await countUnsealed(session)
    const places = this.#followers.flatMap(({ address, trouble }) =>
      trouble === undefined ? [] : [{ place: address, why: describeError(trouble) }]
    )
    const lagging = [...places, ...this.#cosigners.lagging, ...(await this.#stamp(state))]
    const more = candidates === this.#options.most && judgement.sealed.length + judgement.rejected.length > 0
    return { isOurs: true, judgement, size: state.frontier.size, more, lagging }
  }

  async #requireOrigin(session: Session): Promise<string> {
    const { signer, trust } = this.#options
    const origin = await proofOrigin(session)
    if (origin === undefined)
      throw new AuditError('PROOF_OFF', 'The trail is not proved: `eventtrail proof init` turns the proof on')
    if (signer.name !== origin)
      throw new AuditError('LOG_KEY_REFUSED', `The key ${signer.name} is not that of the log ${origin}`)
    if (!trust.logs.some(({ vkey }) => vkey === signer.vkey))
      throw new AuditError('LOG_KEY_REFUSED', `The trust policy has no line \`log\` with the key of the log ${origin}`)
    return origin
  }

  /** The log, unless database or first place have changed without this sealer: then both are read again. */
  async #known(session: Session, origin: string): Promise<Log> {
    const { trust, places } = this.#options
    const [store] = places
    const state = this.#state
    if (state) {
      const last = await lastSealed(session)
      const isSame =
        (last?.size ?? 0) === state.frontier.size &&
        (last === undefined || state.last?.equals(last.hash) === true) &&
        (await newestCheckpoint(session))?.size === (state.published?.size ?? undefined) &&
        (await readCheckpoint(store)) === state.published?.note
      if (isSame) return state
    }
    this.#state = undefined
    const loaded = await loadLog({ queries: session, store, trust, origin })
    this.#state = loaded
    return loaded
  }

  async #seal(session: Session, state: Log): Promise<{ judgement: Judgement; candidates: number }> {
    const { most, staleMs, log, meter } = this.#options
    const ring = state.ring.copy()
    const { size } = state.frontier
    await session.query('BEGIN')
    const candidates = await lockCandidates(session, most, staleMs)
    const before = await readPredecessors(session, candidates)
    const judgement = judge(candidates, { origin: state.origin, size, ring, before })
    await writeJudgement(session, judgement, size)
    await session.query('COMMIT')
    state.ring = ring
    for (const { entry } of judgement.sealed) {
      state.last = entryHash(Buffer.from(entry))
      state.frontier.append(state.last)
    }
    for (const { number, reason } of judgement.rejected) {
      meter.add('eventtrail_proof_rejected_total', 1, { code: reason })
      log.error({ entry: number, reason }, 'an entry of the proof was rejected: it is evidence, and not in the log')
    }
    for (const { number } of judgement.broken) {
      meter.add('eventtrail_proof_chains_broken_total', 1, {})
      log.error({ entry: number, code: 'CHAIN_BROKEN' }, 'an entry of a writer is missing before a sealed one')
    }
    return { judgement, candidates: candidates.length }
  }

  async #publish(session: Session, state: Log): Promise<void> {
    const { places, signer } = this.#options
    const [store] = places
    const { size } = state.frontier
    if (size > (state.published?.size ?? 0)) {
      await writeTiles(session, store, state)
      const { text, signature } = signCheckpoint(state, signer)
      const note = composeNote({ text, signatures: [signature] })
      const pathFrom = (old: number) => consistencyFrom(store, old, size)
      const cosigned = await this.#cosigners.cosign({ text, size, note, pathFrom })
      // One that has lost its session may have a successor, which has written a newer checkpoint.
      await session.query('SELECT 1')
      state.published = await writeCheckpoint(store, size, text, [signature, ...cosigned])
    }
    const { published } = state
    if (!published || state.noted === published.size) return
    await storeCheckpoint(session, published.size, published.note, store.address)
    state.noted = published.size
    this.#checkpointAt = this.#options.clock.monotonic()
  }

  /** One that is away holds up nothing: the newest checkpoint is tried again in the next round. */
  async #stamp({ published }: Log): Promise<Round['lagging']> {
    const { tsa, places } = this.#options
    if (tsa === undefined || !published || this.#stamped === published.size) return []
    try {
      await stampCheckpoint(places[0], published.size, published.note, tsa)
      this.#stamped = published.size
      return []
    } catch (error) {
      return [{ place: 'time stamp authority', why: describeError(error) }]
    }
  }

  async #follow(session: Session, { published, origin }: Log): Promise<void> {
    const { places, trust, clock, log } = this.#options
    const [first, ...others] = places
    if (this.#followers.length === 0)
      for (const store of others) this.#followers.push(new Follower({ first, store, trust, origin, clock }))
    if (!published) return
    for (const follower of this.#followers) {
      const had = follower.trouble
      if (await follower.follow(published))
        await storeCheckpoint(session, published.size, published.note, follower.address)
      if (follower.trouble !== undefined && had === undefined)
        log.warn(
          { place: follower.address, err: safeError(follower.trouble) },
          'a place of the log lacks the newest checkpoint; trying again'
        )
    }
  }

  #gauges(): void {
    const { meter, clock, places } = this.#options
    const labels = {}
    meter.gauge('eventtrail_proof_entries_unsealed', () => [{ value: this.#unsealed.entries, labels }])
    meter.gauge('eventtrail_proof_oldest_unsealed_seconds', () => [{ value: this.#unsealed.oldestSeconds, labels }])
    meter.gauge('eventtrail_proof_checkpoint_age_seconds', () =>
      this.#checkpointAt === undefined ? [] : [{ value: (clock.monotonic() - this.#checkpointAt) / 1_000, labels }]
    )
    meter.gauge('eventtrail_proof_place_lag_seconds', () => [
      { value: 0, labels: { place: places[0].address } },
      ...this.#followers.map(({ address, lagSeconds }) => ({ value: lagSeconds, labels: { place: address } })),
      ...this.#cosigners.lags.map(({ place, seconds }) => ({ value: seconds, labels: { place } }))
    ])
  }
}
