import { within } from '../../core/index.ts'
import type { DatabaseAddress, Pool, Session } from '../../postgres/index.ts'
import { backendOf } from '../../postgres/index.ts'
import type { Signer, StoredEntry } from '../../proof/index.ts'
import { abandon, connectSession, isWorking } from '../database.ts'
import {
  type Claim,
  claimOffsets,
  endBlockers,
  haltPartition,
  haltTopic,
  type LedgerEntry,
  openPositions,
  readPositions,
  writeGaps,
  writeLedger
} from '../positions/index.ts'
import { closeEntries, type Prover, proverOf } from '../proof/index.ts'
import type { Chunk, Row } from '../types.ts'
import { type Blocker, listBlockers } from './blockers.ts'
import { PgRows } from './pg-rows.ts'
import type { QuarantineRow } from './quarantine-row.ts'
import { listDuplicates, quarantine } from './quarantine-write.ts'
import type { TrailPositions, TrailSession } from './session.ts'

export interface PgSessionOptions {
  readonly database: string | DatabaseAddress
  readonly group: string
  /** Names this process among the sinks: `eventtrail-sink/<instance>`. */
  readonly applicationName: string
  /** For queries outside of the transaction. */
  readonly pool: Pool
  /** Default none: a trail that is proved is refused. */
  readonly signer?: Signer | undefined
}

/** Opens a session of Postgres. @throws PostgresError `POSTGRES_UNAVAILABLE`; as {@link proverOf} */
export async function openPgSession(options: PgSessionOptions): Promise<TrailSession> {
  const client = await connectSession(options.database, options)
  try {
    const id = await backendOf(client)
    return new PgSession(client, options, { id, prover: await proverOf(client, options.signer, 'sink') })
  } catch (cause) {
    abandon(client)
    throw cause
  }
}

const closeWithinMs = 2_000

class PgSession extends PgRows<Session> implements TrailSession {
  readonly #options: PgSessionOptions
  readonly id: number | undefined
  readonly prover: Prover | undefined
  #midway: readonly string[] = []

  constructor(client: Session, options: PgSessionOptions, { id, prover }: Pick<TrailSession, 'id' | 'prover'>) {
    super(client)
    this.#options = options
    this.id = id
    this.prover = prover
  }

  async begin(): Promise<void> {
    await this.client.query('BEGIN')
  }

  async checkAtOnce(): Promise<void> {
    await this.client.query('SET CONSTRAINTS ALL IMMEDIATE')
  }

  async commit(): Promise<void> {
    await this.client.query('COMMIT')
  }

  async rollback(): Promise<void> {
    await this.client.query('ROLLBACK')
  }

  claim(chunks: readonly Chunk[]): Promise<Claim> {
    return claimOffsets(this.client, this.#options.group, chunks, this.prover !== undefined)
  }

  quarantine(rows: readonly QuarantineRow[]): Promise<void> {
    return quarantine(this.client, this.#options.group, rows)
  }

  listDuplicates(duplicates: readonly Row[]): Promise<void> {
    return listDuplicates(this.client, this.#options.group, { duplicates })
  }

  writeGaps(chunks: readonly Chunk[]): Promise<void> {
    return writeGaps(this.client, this.#options.group, chunks)
  }

  writeLedger(
    entries: readonly LedgerEntry[],
    hourOf: (chunk: Chunk) => Date,
    statements: readonly StoredEntry[] = []
  ): Promise<boolean> {
    return writeLedger(this.client, this.#options.group, entries, hourOf, statements)
  }

  closeStatements(writer: string): Promise<void> {
    return closeEntries(this.client, writer)
  }

  async isWorking(): Promise<boolean | undefined> {
    const { pool, applicationName } = this.#options
    return this.id === undefined || isWorking(pool, this.id, applicationName)
  }

  async endBlockers(asleepMs: number): Promise<number[]> {
    const { pool, applicationName: ownApplication } = this.#options
    if (this.id === undefined) return []
    const { ended, midway } = await endBlockers(pool, this.id, { ownApplication, asleepMs, before: this.#midway })
    this.#midway = midway
    return ended
  }

  async blockers(): Promise<readonly Blocker[]> {
    return this.id === undefined ? [] : listBlockers(this.#options.pool, this.id)
  }

  abandon(): void {
    abandon(this.client)
  }

  async end(): Promise<void> {
    const ended = this.client.end().catch(() => undefined)
    if (!(await within(closeWithinMs, ended))) this.abandon()
  }
}

/** The positions in Postgres. */
export function pgPositions(pool: Pool, group: string): TrailPositions {
  return {
    read: partitions => readPositions(pool, group, partitions),
    open: partitions => openPositions(pool, group, partitions),
    halt: (partition, reason) => haltPartition(pool, group, partition, reason),
    haltTopic: (topic, reason) => haltTopic(pool, group, topic, reason)
  }
}
