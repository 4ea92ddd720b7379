import type { Logger } from '../../core/index.ts'
import { type Clock, machineClock, safeError } from '../../core/index.ts'
import { keyOf } from '../../kafka/index.ts'
import { ProofError, type Statement } from '../../proof/index.ts'
import type { Prover, QuarantineRow, TrailSession } from '../../trail/index.ts'
import {
  bookEntries,
  CarefulInsert,
  type Chunk,
  type CopyBuffer,
  classify,
  clockTime,
  countByCode,
  countByPartition,
  quarantineByHalves,
  quarantineRowsOf,
  type RecordFaultCode,
  type Row,
  type RowsResult,
  tableFaults
} from '../../trail/index.ts'
import { IdOrder } from './id-order.ts'
import { byteRangesOf, rowsOf } from './pages.ts'
import { type WatchOptions, watchWrite } from './session-watch.ts'
import { PageLeaves, statedChunks } from './stated.ts'
import type { Batch, WriteOptions, WriteResult } from './types.ts'

// From here on a batch is put in order: fewer have so many rows each that their ids follow each other well enough.
const manyPages = 16

/** ms without a write after which the statement that is open is closed, so that it can be sealed. */
const idleMs = 10_000

/** Codes of faults that were not foreseen. */
const unforeseen: ReadonlySet<RecordFaultCode> = new Set(['UNKEEPABLE', 'WRITE_FAILED'])

export interface WriterOptions {
  readonly openSession: () => Promise<TrailSession>
  /** How a write that takes long is watched. */
  readonly watch: WatchOptions
  /** Begins the statements of a session on a trail that is proved. */
  readonly beginStatement: (prover: Prover) => Statement
  readonly log: Logger
  /** Default: the machine's. */
  readonly clock?: Clock
}

/**
 * Writes a batch in one transaction: offsets (the fence), rows by COPY, the quarantine, the ledger, and where the trail
 * is proved a statement of it all. One session, one write at a time. Statements are those of the session: what became of
 * the last one of a session that broke is not known, so the next session begins others.
 *
 * disconnected → (first write) → connected → disconnected again after an error that may have broken the session.
 */
export class Writer {
  readonly #options: WriterOptions
  readonly #clock: Clock
  #session: TrailSession | undefined
  #statement: Statement | undefined
  readonly #leaves = new PageLeaves()
  /** Whether the statements of the session may be in the database. */
  #stated = false
  /** Writers of statements whose session broke: they may have left one open. */
  #abandoned: readonly string[] = []
  // After a duplicate the next batches look for stored ids first, until they find none.
  #careful = false
  /** Calls off the end of the statement that is open. */
  #callOff: () => void = () => undefined
  #finishing: Promise<void> | undefined
  #writing = false
  readonly #idOrder = new IdOrder()

  constructor(options: WriterOptions) {
    this.#options = options
    this.#clock = options.clock ?? machineClock
  }

  /** A chunk will be in a batch of this writer. @param buffer with its rows */
  prepare({ pages }: Chunk, { bytes }: CopyBuffer): void {
    if (this.#statement) this.#leaves.prepare(bytes, pages)
  }

  /** Any error means that nothing is known to be written: the caller calls again with the same batch. */
  async write(batch: Batch, { isolate }: WriteOptions = { isolate: false }): Promise<WriteResult> {
    this.#session ??= await this.#open()
    const session = this.#session
    this.#writing = true
    const stopWatching = watchWrite(session, {
      ...this.#options.watch,
      isCurrent: () => this.#session === session,
      log: this.#options.log,
      clock: this.#clock
    })
    try {
      await this.#finishing
      await this.#closeAbandoned(session)
      return await this.#transaction(session, batch, isolate)
    } catch (error) {
      // The session's state is unknown; a new one costs a few ms, a half-dead one costs the batch.
      await this.close()
      throw error
    } finally {
      this.#writing = false
      stopWatching()
    }
  }

  /** Closes the statement that is open, so that it can be sealed at once. Never fails: the sealer does it later. */
  async finish(): Promise<void> {
    this.#callOff()
    const session = this.#session
    if (!session || !this.#statement?.finish()) return
    try {
      await session.closeStatements(this.#statement.writer)
    } catch (error) {
      this.#options.log.debug({ err: safeError(error) }, 'the last statement stays open')
    }
  }

  async close(): Promise<void> {
    this.#callOff()
    const session = this.#session
    this.#session = undefined
    this.#beginStatement(undefined)
    await session?.end()
  }

  #finishWhenIdle(): void {
    this.#callOff()
    this.#callOff = this.#clock.after(idleMs, () => {
      // What is stored ends it by itself.
      if (this.#writing) this.#finishWhenIdle()
      else this.#finishing = this.finish()
    })
  }

  async #open(): Promise<TrailSession> {
    const session = await this.#options.openSession()
    this.#beginStatement(session.prover)
    return session
  }

  /** The next statement; the one before may have left an entry open, which the next write closes. */
  #beginStatement(prover: Prover | undefined): void {
    if (this.#statement && this.#stated) this.#abandoned = [...this.#abandoned, this.#statement.writer]
    this.#statement = prover && this.#options.beginStatement(prover)
    this.#stated = false
  }

  async #closeAbandoned(session: TrailSession): Promise<void> {
    for (const writer of this.#abandoned) {
      await session.closeStatements(writer)
      this.#abandoned = this.#abandoned.filter(each => each !== writer)
    }
  }

  async #transaction(session: TrailSession, batch: Batch, isolate: boolean): Promise<WriteResult> {
    let isRestated = false
    for (let refusals = 0; ; ) {
      const statement = this.#statement
      await session.begin()
      // What a constraint refuses only at the end of the transaction could not be found row by row.
      if (isolate) await session.checkAtOnce()
      const claim = await session.claim(batch.chunks)
      const chunks = batch.chunks.filter(chunk => claim.granted.has(keyOf(chunk)))
      if (chunks.length === 0) {
        await session.rollback()
        const nothing = {
          rows: 0,
          duplicates: 0,
          quarantined: 0,
          faults: new Map(),
          booked: [],
          statements: 0,
          refusals
        }
        return { ...nothing, stored: claim.stored, fenced: claim.fenced }
      }
      const began = performance.now()
      const result = await this.#insert(session, batch, chunks, isolate)
      const copyMs = performance.now() - began
      if (!result) {
        await session.rollback()
        continue
      }
      let quarantineRows = quarantineRowsOf(chunks, result)
      if (isolate) quarantineRows = await quarantineByHalves(session, quarantineRows)
      else await session.quarantine(quarantineRows)
      await session.listDuplicates(result.duplicates)
      await session.writeGaps(chunks)
      const booked = bookEntries(chunks, result)
      const now = this.#clock.now()
      const attempt = statement?.attempt(statedChunks(batch, chunks, result, quarantineRows, this.#leaves), {
        recorded: claim.recorded as string,
        clock: clockTime(now)
      })
      const hourOf = (chunk: Chunk) => claim.granted.get(keyOf(chunk))?.hour ?? new Date(now)
      if (!(await session.writeLedger(booked, hourOf, attempt?.entries))) {
        await session.rollback()
        refusals += 1
        if (statement?.refused() === false) {
          if (isRestated) throw new ProofError('STATEMENT_REFUSED', 'the database does not take statements')
          // Who may add entries may take the next number of a writer. No one can know that of a new one.
          this.#beginStatement(session.prover)
          isRestated = true
        }
        continue
      }
      this.#stated = attempt !== undefined
      await session.commit()
      if (attempt) {
        statement?.stored(attempt)
        this.#finishWhenIdle()
      }
      this.#report(chunks, quarantineRows)
      return {
        rows: result.stored,
        duplicates: result.duplicates.length,
        quarantined: booked.reduce((sum, { quarantined }) => sum + quarantined, 0),
        faults: countByCode(quarantineRows),
        copyMs,
        booked,
        stored: [...chunks, ...claim.stored],
        fenced: claim.fenced,
        statements: attempt?.entries.length ?? 0,
        refusals
      }
    }
  }

  /** Undefined when the plain COPY failed on a row: the transaction is begun again, with care. */
  async #insert(
    session: TrailSession,
    batch: Batch,
    chunks: readonly Chunk[],
    isolate: boolean
  ): Promise<RowsResult | undefined> {
    const suspects = new Set(chunks.flatMap(({ pages }) => pages.flatMap(page => page.suspects)))
    if (this.#careful || isolate || suspects.size > 0) {
      const rows = chunks.flatMap(chunk => rowsOf(batch, chunk))
      const result = await new CarefulInsert<Row>(session, { isolate }).run(rows, {
        suspects: rows.filter(({ start }) => suspects.has(start)),
        lookUp: this.#careful || isolate
      })
      this.#careful = result.duplicates.length + result.badRows.length > suspects.size
      return result
    }
    const stored = chunks.reduce((sum, { rows }) => sum + rows, 0)
    try {
      await session.copy(this.#piecesOf(batch, chunks), stored)
      return { stored, duplicates: [], badRows: [] }
    } catch (error) {
      const verdict = classify(error)
      if (verdict !== 'duplicate' && verdict !== 'row') throw error
      this.#careful = true
      return undefined
    }
  }

  /** The bytes of the rows as they are, or in the order of their ids where many fetches brought few rows each. */
  #piecesOf({ buffer: { bytes } }: Batch, chunks: readonly Chunk[]): Buffer[] {
    const ranges = byteRangesOf(chunks)
    const pages = chunks.reduce((sum, chunk) => sum + chunk.pages.length, 0)
    if (pages >= manyPages) return [this.#idOrder.sort(bytes, ranges)]
    return ranges.map(({ start, end }) => bytes.subarray(start, end))
  }

  #report(chunks: readonly Chunk[], quarantineRows: readonly QuarantineRow[]): void {
    for (const [where, count] of countByPartition(quarantineRows.filter(({ fault }) => unforeseen.has(fault.code)))) {
      this.#options.log.error(
        { where, count },
        'records that cannot be written or kept are quarantined: please report them'
      )
    }
    for (const fault of tableFaults(quarantineRows)) {
      this.#options.log.error({ reason: fault.reason }, 'the table of the trail refuses events: they are quarantined')
    }
    for (const [where, count] of countByPartition(quarantineRows)) {
      this.#options.log.warn({ where, count }, 'records quarantined: `eventtrail quarantine list` shows them')
    }
    for (const { topic, partition, first, lost } of chunks) {
      if (lost === 0) continue
      const gap = { topic, partition, from: first, to: first + lost - 1 }
      this.#options.log.error(gap, 'records were removed from the log before they were read: recorded in sink_gaps')
    }
  }
}
