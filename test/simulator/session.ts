import { keyOf } from '../../kafka/types/partition.ts'
import type { Prover } from '../../trail/proof/index.ts'
import type { TrailSession } from '../../trail/session/session.ts'
import { type Database, databaseError, Transaction } from './database.ts'
import * as statements from './statements.ts'
import type { Process } from './world.ts'

/** What goes wrong with one statement. */
export type StatementFault =
  /** The connection is lost before the statement arrives; the server notices after `ms`. */
  | { readonly kind: 'lost before'; readonly ms: number }
  /** The statement is done, and its answer is lost. */
  | { readonly kind: 'lost after'; readonly ms: number }
  /** The client hears of a lost connection while its statement is still on its way: it arrives `ms` later. */
  | { readonly kind: 'overtaken'; readonly ms: number }
  | { readonly kind: 'error'; readonly code: string }
  | { readonly kind: 'pause'; readonly ms: number }
  | { readonly kind: 'crash'; readonly ms: number; readonly done: boolean }

/** What the sessions of one server and their clients share. */
export interface Wire {
  readonly db: Database
  readonly sessions: Map<number, FakeSession>
  /** The fault that meets the next statement of this process, if one does. */
  nextFault(process: Process): StatementFault | undefined
  pause(process: Process, ms: number): void
  crash(process: Process, ms: number): void
  readonly latencyMs: number
  lastSession: number
}

/** One session of the fake database: the client's end of it, and the server's. */
export class FakeSession implements TrailSession {
  readonly id: number
  readonly #wire: Wire
  readonly process: Process
  #tx: Transaction | undefined
  #alive = true
  #connected = true
  #serving = false
  #servedAt = 0

  constructor(wire: Wire, process: Process) {
    wire.lastSession += 1
    this.id = wire.lastSession
    this.#wire = wire
    this.process = process
    wire.sessions.set(this.id, this)
  }

  get prover(): Prover | undefined {
    return this.#wire.db.prover
  }

  get transaction(): Transaction | undefined {
    return this.#tx
  }

  /** The server ends this session: what it had not committed is undone. */
  terminate(): void {
    if (!this.#alive) return
    this.#alive = false
    this.#wire.sessions.delete(this.id)
    if (this.#tx) this.#wire.db.rollBack(this.#tx)
  }

  begin = () =>
    this.#ask(async () => {
      this.#tx = new Transaction(this.id, this.process.world.now)
    })
  checkAtOnce = () => this.#in(async () => undefined)
  commit = () =>
    this.#ask(async () => {
      const tx = this.#tx
      if (!tx) return
      if (tx.aborted) this.#wire.db.rollBack(tx)
      else this.#wire.db.commit(tx)
      this.#tx = undefined
    }, true)
  rollback = () =>
    this.#ask(async () => {
      if (this.#tx) this.#wire.db.rollBack(this.#tx)
      this.#tx = undefined
    }, true)
  savepoint = () =>
    this.#in(async tx => {
      tx.savepoint = tx.steps.length
    })
  rollbackToSavepoint = () =>
    this.#ask(async () => {
      const tx = this.#tx
      if (tx?.savepoint === undefined) throw databaseError('3B001')
      tx.undoTo(tx.savepoint)
      tx.aborted = false
    }, true)
  releaseSavepoint = () =>
    this.#in(async tx => {
      tx.savepoint = undefined
    })

  claim: TrailSession['claim'] = chunks => this.#in(tx => statements.claim(this.#wire.db, tx, chunks))
  copy: TrailSession['copy'] = async (pieces, rows) => {
    if (rows === 0) return
    const read = statements.readRows(pieces)
    await this.#in(tx => statements.insert(this.#wire.db, tx, read))
  }
  unreadable: TrailSession['unreadable'] = payloads => this.#in(async () => statements.unreadable(payloads))
  sameContent: TrailSession['sameContent'] = contents =>
    this.#in(async tx => statements.sameContent(this.#wire.db, tx, contents))
  standing: TrailSession['standing'] = rows => this.#in(async tx => statements.standing(this.#wire.db, tx, rows))
  makeStaging = () =>
    this.#in(async tx => {
      tx.staged.length = 0
    })
  copyToStaging: TrailSession['copyToStaging'] = (pieces, rows) => {
    const read = rows === 0 ? [] : statements.readRows(pieces)
    return this.#in(async tx => {
      const [state] = statements.unreadable(read.map(({ payload }) => payload)).values()
      if (state) throw databaseError(state)
      tx.staged.push(...read)
    })
  }
  storeStaged = () =>
    this.#in(async tx => {
      const sorted = tx.staged.toSorted((a, b) => (a.id < b.id ? -1 : 1))
      const stored = await statements.insert(this.#wire.db, tx, sorted, true)
      return new Set([...stored].map(id => Buffer.from(id.replaceAll('-', ''), 'hex').toString('latin1')))
    })
  copyWitness: TrailSession['copyWitness'] = (eventName, id) =>
    this.#in(async tx => {
      const witness = statements.standingOf(this.#wire.db, tx, eventName)
      if (witness) await statements.insert(this.#wire.db, tx, [{ ...witness, id }])
      return witness ? 1 : 0
    })
  additions: TrailSession['additions'] = () => this.#in(async () => [])

  quarantine: TrailSession['quarantine'] = quarantineRows =>
    quarantineRows.length === 0
      ? Promise.resolve()
      : this.#in(async tx => {
          for (const { chunk, offset, lastOffset: last = offset, record, fault, digest } of quarantineRows) {
            const { value } = record
            const entry = { key: keyOf(chunk), incarnation: chunk.incarnation, offset, last, value, fault, digest }
            tx.steps.push({ undo: () => undefined, apply: tables => tables.quarantine.push(entry) })
          }
        })
  listDuplicates: TrailSession['listDuplicates'] = duplicates =>
    duplicates.length === 0
      ? Promise.resolve()
      : this.#in(async tx => {
          for (const row of duplicates) {
            const { chunk, offset } = row
            const id = statements.readRows([row.buffer.bytes.subarray(row.start, row.end)])[0]?.id ?? ''
            const entry = { key: keyOf(chunk), incarnation: chunk.incarnation, offset, id }
            tx.steps.push({ undo: () => undefined, apply: tables => tables.duplicates.push(entry) })
          }
        })
  writeGaps: TrailSession['writeGaps'] = async chunks => {
    for (const chunk of chunks.filter(({ lost }) => lost > 0)) {
      const { incarnation, first: offset, lost } = chunk
      const gap = { key: keyOf(chunk), incarnation, offset, to: offset + lost - 1 }
      await this.#in(async tx => {
        tx.steps.push({ undo: () => undefined, apply: tables => tables.gaps.push(gap) })
      })
    }
  }
  writeLedger: TrailSession['writeLedger'] = (entries, hourOf, stated = []) =>
    this.#in(async tx => {
      statements.extendLedger(this.#wire.db, tx, entries, hourOf)
      return statements.extendStatements(this.#wire.db, tx, stated)
    })
  closeStatements: TrailSession['closeStatements'] = writer =>
    this.#ask(async () => {
      const tx = new Transaction(this.id, this.process.world.now)
      this.#tx = tx
      try {
        await statements.closeStatements(this.#wire.db, tx, writer)
        this.#wire.db.commit(tx)
      } finally {
        this.#wire.db.rollBack(tx)
        this.#tx = undefined
      }
    })

  /** As through a pooler: there is no way to know. */
  async isWorking(): Promise<boolean> {
    return true
  }

  async endBlockers(asleepMs: number): Promise<number[]> {
    const blocker = this.#wire.sessions.get(this.#wire.db.blockerOf(this.#tx) ?? -1)
    if (!blocker || blocker.process === this.process || blocker.#idleMs < asleepMs) return []
    blocker.terminate()
    return [blocker.id]
  }

  async blockers(): Promise<[]> {
    return []
  }

  abandon(): void {
    this.#connected = false
  }

  async end(): Promise<void> {
    this.#connected = false
    this.process.world.in(this.process.world.below(20), () => this.terminate())
  }

  /** ms for which the server has waited for the next statement. */
  get #idleMs(): number {
    return this.#serving ? 0 : this.process.world.now - this.#servedAt
  }

  #in<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.#ask(() => {
      if (!this.#tx) throw databaseError('25P01')
      return work(this.#tx)
    })
  }

  /** A statement travels to the server, is done there, and its answer comes back, unless something goes wrong. */
  #ask<T>(work: () => Promise<T>, evenIfAborted = false): Promise<T> {
    const { world } = this.process
    const answer = Promise.withResolvers<T>()
    const fault = this.#wire.nextFault(this.process)
    const lost = () =>
      this.process.deliver(() => answer.reject(Object.assign(new Error('reset'), { code: 'ECONNRESET' })))
    const latency = () => world.below(this.#wire.latencyMs)
    if (!this.#connected) {
      world.in(0, lost)
      return answer.promise
    }
    const serve = async (): Promise<T> => {
      if (!this.#alive) throw databaseError('57P01')
      if (this.#tx?.aborted && !evenIfAborted) throw databaseError('25P02')
      this.#serving = true
      try {
        if (fault?.kind === 'error') throw databaseError(fault.code)
        return await work()
      } catch (error) {
        if (this.#tx) this.#tx.aborted = true
        throw error
      } finally {
        this.#serving = false
        this.#servedAt = world.now
      }
    }
    const arrive = () => {
      if (fault?.kind === 'lost before' || (fault?.kind === 'crash' && !fault.done)) return
      void serve().then(
        result =>
          fault?.kind === 'lost after' || world.in(latency(), () => this.process.deliver(() => answer.resolve(result))),
        error => world.in(latency(), () => this.process.deliver(() => answer.reject(error)))
      )
    }
    switch (fault?.kind) {
      case 'lost before':
      case 'lost after':
        this.#connected = false
        world.in(latency(), arrive)
        world.in(30, lost)
        world.in(30 + fault.ms, () => this.terminate())
        break
      case 'overtaken':
        this.#connected = false
        world.in(0, lost)
        world.in(fault.ms, arrive)
        world.in(fault.ms + 50, () => this.terminate())
        break
      case 'crash':
        world.in(latency(), arrive)
        this.#wire.crash(this.process, fault.ms)
        break
      case 'pause':
        world.in(latency(), arrive)
        this.#wire.pause(this.process, fault.ms)
        break
      default:
        world.in(latency(), arrive)
    }
    return answer.promise
  }
}
