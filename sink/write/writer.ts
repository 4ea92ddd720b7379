import type { Logger } from '../../core/index.ts'
import { type Clock, machineClock } from '../../core/index.ts'
import { keyOf } from '../../kafka/index.ts'
import { classify } from '../../postgres/index.ts'
import type { Aside, TrailSession } from '../../trail/index.ts'
import {
  asidesOf,
  bookEntries,
  CarefulInsert,
  type Chunk,
  countByCode,
  quarantineApart,
  type RefusalCode,
  type Row,
  type RowsResult,
  refusalsByCode,
  refusedByTable
} from '../../trail/index.ts'
import { SinkError } from '../errors.ts'
import { IdOrder } from './id-order.ts'
import { rowsOf, stretchesOf } from './pages.ts'
import type { Batch, WriteOptions, WriteResult } from './types.ts'

// From here on a batch is put in order: fewer have so many rows each that their ids follow each other well enough.
const manyPages = 16

/** Codes of records that nobody foresaw. */
const unforeseen: ReadonlySet<RefusalCode> = new Set(['UNKEEPABLE', 'WRITE_FAILED'])

export interface WriterOptions {
  readonly openSession: () => Promise<TrailSession>
  readonly log: Logger
  /** ms after which a write that waits looks for a sleeping sink that blocks it. Default 1,500. */
  readonly blockedAfterMs?: number
  /** ms after which a write that Postgres does not work at is given up, while Postgres answers. Default 120,000. */
  readonly stalledAfterMs?: number
  /** A session was given up, because Postgres does not know it any more: the write fails, and is tried again. */
  readonly onAbandoned?: () => void
  /** A write hangs, and nothing that could be done about it helps. */
  readonly onStalled?: (error: SinkError) => void
  /** Default: the machine's. */
  readonly clock?: Clock
}

/**
 * Writes a batch in one transaction: offsets (the fence), rows by COPY, what is put aside, the ledger.
 * One session, one write at a time.
 *
 * disconnected → (first write) → connected → disconnected again after an error that may have broken the session.
 */
export class Writer {
  readonly #options: WriterOptions
  readonly #clock: Clock
  #session: TrailSession | undefined
  // After a duplicate the next batches look for standing ids first, until they find none.
  #careful = false
  readonly #idOrder = new IdOrder()

  constructor(options: WriterOptions) {
    this.#options = options
    this.#clock = options.clock ?? machineClock
  }

  /** Any error means that nothing is known to be written: the caller calls again with the same batch. */
  async write(batch: Batch, { isolate }: WriteOptions = { isolate: false }): Promise<WriteResult> {
    this.#session ??= await this.#options.openSession()
    const session = this.#session
    const stopWatching = this.#watch(session)
    try {
      return await this.#transaction(session, batch, isolate)
    } catch (error) {
      // The session's state is unknown; a new one costs a few ms, a half-dead one costs the batch.
      await this.close()
      throw error
    } finally {
      stopWatching()
    }
  }

  async close(): Promise<void> {
    const session = this.#session
    this.#session = undefined
    await session?.end()
  }

  async #transaction(session: TrailSession, batch: Batch, isolate: boolean): Promise<WriteResult> {
    for (;;) {
      await session.begin()
      // What a constraint refuses only at the end of the transaction could not be found row by row.
      if (isolate) await session.checkAtOnce()
      const claim = await session.claim(batch.chunks)
      const chunks = batch.chunks.filter(chunk => claim.granted.has(keyOf(chunk)))
      if (chunks.length === 0) {
        await session.rollback()
        const nothing = { rows: 0, duplicates: 0, quarantined: 0, refusals: new Map(), booked: [] }
        return { ...nothing, stored: claim.stored, fenced: claim.fenced }
      }
      const began = performance.now()
      const result = await this.#insert(session, batch, chunks, isolate)
      const copyMs = performance.now() - began
      if (!result) {
        await session.rollback()
        continue
      }
      let asides = asidesOf(chunks, result)
      if (isolate) asides = await quarantineApart(session, asides)
      else await session.quarantine(asides)
      await session.listDuplicates(result.duplicates)
      await session.writeGaps(chunks)
      const booked = bookEntries(chunks, result)
      await session.writeLedger(booked, chunk => claim.granted.get(keyOf(chunk))?.hour ?? new Date(this.#clock.now()))
      await session.commit()
      this.#report(chunks, asides)
      return {
        rows: result.stored,
        duplicates: result.duplicates.length,
        quarantined: booked.reduce((sum, { quarantined }) => sum + quarantined, 0),
        refusals: countByCode(asides),
        copyMs,
        booked,
        stored: [...chunks, ...claim.stored],
        fenced: claim.fenced
      }
    }
  }

  /** Undefined when the plain COPY failed on a row: the transaction is to be begun anew, with care. */
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
      this.#careful = result.duplicates.length + result.refused.length > suspects.size
      return result
    }
    const stored = chunks.reduce((sum, { rows }) => sum + rows, 0)
    try {
      await session.copy(this.#textsOf(batch, chunks), stored)
      return { stored, duplicates: [], refused: [] }
    } catch (error) {
      const verdict = classify(error)
      if (verdict !== 'duplicate' && verdict !== 'row') throw error
      this.#careful = true
      return undefined
    }
  }

  /** The rows as they lie, or in the order of their ids where they come from many fetches of few rows each. */
  #textsOf({ text: { bytes } }: Batch, chunks: readonly Chunk[]): Buffer[] {
    const stretches = stretchesOf(chunks)
    const pages = chunks.reduce((sum, chunk) => sum + chunk.pages.length, 0)
    if (pages >= manyPages) return [this.#idOrder.sort(bytes, stretches)]
    return stretches.map(({ start, end }) => bytes.subarray(start, end))
  }

  #report(chunks: readonly Chunk[], asides: readonly Aside[]): void {
    for (const [where, count] of refusalsByCode(asides.filter(({ refusal }) => unforeseen.has(refusal.code)))) {
      this.#options.log.error(
        { where, count },
        'records that cannot be written or kept are quarantined: please report them'
      )
    }
    for (const refusal of refusedByTable(asides)) {
      this.#options.log.error({ reason: refusal.reason }, 'the table of the trail refuses events: they are quarantined')
    }
    for (const [where, count] of refusalsByCode(asides)) {
      this.#options.log.warn({ where, count }, 'records quarantined: `eventtrail quarantine list` shows them')
    }
    for (const { topic, partition, first, lost } of chunks) {
      if (lost === 0) continue
      const gap = { topic, partition, from: first, to: first + lost - 1 }
      this.#options.log.error(gap, 'records were removed from the log before they were read: recorded in sink_gaps')
    }
  }

  /**
   * Looks after a write that takes long: for a sleeping sink that blocks it, and for a session that is no more.
   * @returns what ends it
   */
  #watch(session: TrailSession): () => void {
    const { blockedAfterMs = 1_500, stalledAfterMs = 120_000, log } = this.#options
    // Counted in looks that had an answer: time in which Postgres or this process was away is nobody's fault.
    let idleLooks = 0
    let told = ''
    const look = async () => {
      try {
        const working = await session.isWorking()
        idleLooks = working ? 0 : idleLooks + 1
        if (working === undefined && this.#session === session) {
          log.warn({ session: session.id }, 'Postgres does not know the session of a write any more, it is given up')
          this.#options.onAbandoned?.()
          session.abandon()
        }
        if (idleLooks * blockedAfterMs > stalledAfterMs)
          this.#options.onStalled?.(new SinkError('WRITE_STALLED', 'a write hangs while Postgres answers'))
        const ended = await session.endBlockers(blockedAfterMs)
        if (ended.length > 0) log.warn({ sessions: ended }, 'ended the session of a sink that blocked this one')
        const blockers = await session.blockers()
        const sessions = blockers.map(blocker => blocker.session).join()
        if (blockers.length > 0 && sessions !== told)
          log.warn({ blockers }, 'a write waits for a lock that other sessions of Postgres hold')
        told = sessions
      } catch {
        // Postgres is out of reach: the write itself will say so.
      }
    }
    return this.#clock.every(blockedAfterMs, () => void look())
  }
}
