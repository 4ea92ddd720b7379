import type { TopicPartition } from '../../kafka/index.ts'
import type { StoredEntry } from '../../proof/index.ts'
import type { Claim, FreshPartition, LedgerEntry, StoredPosition } from '../positions/index.ts'
import type { Prover } from '../proof/index.ts'
import type { TrailRow } from '../rows/index.ts'
import type { Chunk, Row, RowBytes } from '../types.ts'
import type { Addition } from './additions.ts'
import type { Blocker } from './blockers.ts'
import type { QuarantineRow } from './quarantine-row.ts'

/** What storing rows needs of a database session inside a transaction; implemented for Postgres in `pg-rows.ts`. */
export interface RowSession {
  /** Copies rows as they are. Any error of the database passes through and leaves the transaction aborted. */
  copy(pieces: Iterable<Buffer>, rows: number): Promise<void>
  /** Payloads that are no jsonb, by index, with the SQLSTATE. */
  unreadable(payloads: readonly string[]): Promise<Map<number, string>>
  /** Those, by index, whose id is stored with the same content. Payloads must be readable. */
  sameContent(contents: readonly TrailRow[]): Promise<Set<number>>
  /** The keys (`rowIdKey`) of the ids among these that are stored. There is one row at least. */
  standing(rows: readonly RowBytes[]): Promise<Set<string>>
  /** Makes an empty staging table of the session's own. */
  makeStaging(): Promise<void>
  /** As {@link copy}, into the staging table. */
  copyToStaging(pieces: Iterable<Buffer>, rows: number): Promise<void>
  /** Stores what is staged but for ids that are in the trail. @returns the keys of those that were stored. */
  storeStaged(): Promise<Set<string>>
  /** Stores an event of that name that is in the trail once more, under another id. @returns 0 when there is none, else 1. */
  copyWitness(eventName: string, id: string): Promise<number>
  /** What others have put on the table of the trail. */
  additions(): Promise<readonly Addition[]>
  savepoint(): Promise<void>
  rollbackToSavepoint(): Promise<void>
  releaseSavepoint(): Promise<void>
}

/** A database session that writes batches of one consumer group. After any error of {@link commit} the outcome is unknown. */
export interface TrailSession extends RowSession {
  /** What signs the statements that are stored with each batch; undefined where the trail was not proved when it was opened. */
  readonly prover: Prover | undefined
  begin(): Promise<void>
  /** From now on to the end of the transaction, constraints that would be checked by {@link commit} are checked at once. */
  checkAtOnce(): Promise<void>
  commit(): Promise<void>
  rollback(): Promise<void>
  /** The fence: see `claimOffsets`. */
  claim(chunks: readonly Chunk[]): Promise<Claim>
  quarantine(rows: readonly QuarantineRow[]): Promise<void>
  listDuplicates(duplicates: readonly Row[]): Promise<void>
  writeGaps(chunks: readonly Chunk[]): Promise<void>
  /** @returns whether all of the statements were taken: see `writeLedger` of the positions */
  writeLedger(
    entries: readonly LedgerEntry[],
    hourOf: (chunk: Chunk) => Date,
    statements?: readonly StoredEntry[]
  ): Promise<boolean>
  /** Closes what a writer of statements has left open. Outside of a transaction. */
  closeStatements(writer: string): Promise<void>
  /** Names it in the database; may be unknown. */
  readonly id: number | undefined
  /**
   * Whether the database works at something for it, or that is unknown; false when it waits for the session's next
   * word, undefined when it has no such session. May be called while it waits.
   */
  isWorking(): Promise<boolean | undefined>
  /**
   * Ends sessions of other sinks that keep this one waiting and have done nothing for `asleepMs`; may be called while it
   * waits. @returns which.
   */
  endBlockers(asleepMs: number): Promise<number[]>
  /** What keeps this session waiting for a lock; may be called while it waits. */
  blockers(): Promise<readonly Blocker[]>
  /** Cuts the connection: what waits on it fails at once. */
  abandon(): void
  /** Never fails, and does not wait for a database that has forgotten the session. */
  end(): Promise<void>
}

/** The positions of partitions in the trail, for one consumer group, outside of the transactions of batches. */
export interface TrailPositions {
  read(partitions: readonly TopicPartition[]): Promise<Map<string, StoredPosition>>
  /** As {@link read}; one that the trail does not know starts at its `start`. */
  open(partitions: readonly FreshPartition[]): Promise<Map<string, StoredPosition>>
  /** Of this incarnation only: what was reset meanwhile is another log. */
  halt(partition: TopicPartition & Pick<StoredPosition, 'incarnation'>, reason: string): Promise<void>
  haltTopic(topic: string, reason: string): Promise<void>
}
