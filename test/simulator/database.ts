import type { StoredEntry } from '../../proof/index.ts'
import type { RecordFault } from '../../trail/errors.ts'
import type { StoredPosition } from '../../trail/positions/start-point.ts'
import type { Prover } from '../../trail/proof/index.ts'
import type { TrailRow } from '../../trail/rows/copy-row.ts'
import type { World } from './world.ts'

export interface StoredRow extends TrailRow {
  readonly topic: string
  /** The incarnation whose offsets the same transaction had claimed. */
  readonly incarnation: number
  /** Number of the commit. */
  readonly commit: number
  /** When its transaction began. */
  readonly recordedAt: number
}

export interface Place {
  readonly key: string
  readonly incarnation: number
  readonly offset: number
}

export interface Booked {
  readonly key: string
  readonly incarnation: number
  readonly hour: number
  first: number
  last: number
  rows: number
  duplicates: number
  quarantined: number
  skipped: number
  lost: number
}

export interface Offsets extends StoredPosition {
  readonly updatedAt: number
}

/** A row of proof_entries. */
export interface Entry extends StoredEntry {
  readonly logIndex?: number
}

export const nameOfEntry = ({ writer, seq }: Pick<Entry, 'writer' | 'seq'>): string => `entry ${writer} ${seq}`

/** What is committed. */
export interface Tables {
  rows: StoredRow[]
  /** Ids that are stored, with their last row. */
  ids: Map<string, StoredRow>
  offsets: Map<string, Offsets>
  duplicates: (Place & { readonly id: string })[]
  quarantine: (Place & {
    readonly last: number
    readonly value: Buffer | null
    readonly fault: RecordFault
    readonly digest: Buffer
  })[]
  gaps: (Place & { readonly to: number })[]
  ledger: Map<string, Booked>
  /** By {@link nameOfEntry}. */
  entries: Map<string, Entry>
}

export const emptyTables = (): Tables => ({
  rows: [],
  ids: new Map(),
  offsets: new Map(),
  duplicates: [],
  quarantine: [],
  gaps: [],
  ledger: new Map(),
  entries: new Map()
})

const copyOf = (tables: Tables): Tables => ({
  rows: [...tables.rows],
  ids: new Map(tables.ids),
  offsets: new Map(tables.offsets),
  duplicates: [...tables.duplicates],
  quarantine: [...tables.quarantine],
  gaps: [...tables.gaps],
  ledger: new Map(tables.ledger),
  entries: new Map(tables.entries)
})

/** An error as Postgres reports it. */
export const databaseError = (code: string, more: { table?: string; constraint?: string } = {}): Error =>
  Object.assign(new Error(`SQLSTATE ${code}`), { code, ...more })

/** A row lock, or an id that is being inserted. */
interface Hold {
  readonly owner: Transaction
  readonly released: Promise<void>
  release(): void
}

/** What a transaction has done and no other one sees: a step can be undone, and is made true by the commit. */
interface Step {
  readonly apply: (tables: Tables, commit: number) => void
  readonly undo: () => void
}

const lockTimeoutMs = 10_000

/** open → committed, or open → rolled back; aborted meanwhile after an error, until a savepoint is gone back to. */
export class Transaction {
  readonly sessionId: number
  readonly began: number
  readonly steps: Step[] = []
  readonly ownIds = new Map<string, StoredRow>()
  readonly ownOffsets = new Map<string, Offsets>()
  /** Whether it said that its rows have a statement. */
  proved = false
  readonly locks = new Map<string, Hold>()
  readonly staged: TrailRow[] = []
  aborted = false
  open = true
  savepoint: number | undefined
  waitsFor: Transaction | undefined
  readonly ended: Promise<void>
  readonly #end: () => void

  constructor(sessionId: number, began: number) {
    this.sessionId = sessionId
    this.began = began
    const ended = Promise.withResolvers<void>()
    this.ended = ended.promise
    this.#end = ended.resolve
  }

  undoTo(length: number): void {
    while (this.steps.length > length) this.steps.pop()?.undo()
  }

  finish(): void {
    this.open = false
    for (const hold of this.locks.values()) hold.release()
    this.#end()
  }
}

/** Read committed, row locks on offsets, ids that are unique across sessions, waits, deadlocks, lock timeouts. */
export class Database {
  readonly world: World
  readonly uniqueIds: boolean
  readonly ledgerCheck: boolean
  /** Where the trail is proved. */
  readonly prover: Prover | undefined
  tables: Tables = emptyTables()
  /** False: something leaves all statements out, as a trigger may. */
  takesStatements = true
  readonly #holds = new Map<string, Hold>()
  #commits = 0

  constructor(world: World, options: { uniqueIds?: boolean; ledgerCheck?: boolean; prover?: Prover } = {}) {
    this.world = world
    this.uniqueIds = options.uniqueIds ?? true
    this.ledgerCheck = options.ledgerCheck ?? true
    this.prover = options.prover
  }

  backup(): Tables {
    return copyOf(this.tables)
  }

  restore(tables: Tables): void {
    this.tables = copyOf(tables)
  }

  commit(tx: Transaction): void {
    this.#commits += 1
    for (const { apply } of tx.steps) apply(this.tables, this.#commits)
    tx.finish()
  }

  rollBack(tx: Transaction): void {
    if (!tx.open) return
    tx.undoTo(0)
    tx.finish()
  }

  /** As the sealer does with statements that no one has extended for a while; those that are locked are passed over. */
  seal(): void {
    const { entries } = this.tables
    let next = [...entries.values()].filter(({ logIndex }) => logIndex !== undefined).length
    for (const [name, entry] of entries) {
      if (entry.logIndex !== undefined || this.#holds.has(name)) continue
      entries.set(name, { ...entry, open: false, logIndex: next })
      next += 1
    }
  }

  /** The session that keeps this one waiting. */
  blockerOf(tx: Transaction | undefined): number | undefined {
    return tx?.waitsFor?.sessionId
  }

  /** Locks a row of sink_offsets, or an id, until the transaction ends or goes back before it. */
  async lock(tx: Transaction, name: string): Promise<void> {
    for (;;) {
      const hold = this.#holds.get(name)
      if (hold?.owner === tx) return
      if (!hold) break
      await this.#wait(tx, hold)
    }
    const released = Promise.withResolvers<void>()
    const hold: Hold = {
      owner: tx,
      released: released.promise,
      release: () => {
        if (this.#holds.get(name) === hold) this.#holds.delete(name)
        released.resolve()
      }
    }
    this.#holds.set(name, hold)
    tx.locks.set(name, hold)
  }

  /** Whether another transaction is about to store it. */
  heldByOther(tx: Transaction, name: string): boolean {
    const hold = this.#holds.get(name)
    return hold !== undefined && hold.owner !== tx
  }

  async #wait(tx: Transaction, hold: Hold): Promise<void> {
    tx.waitsFor = hold.owner
    for (let next: Transaction | undefined = hold.owner; next; next = next.waitsFor) {
      if (next !== tx) continue
      tx.waitsFor = undefined
      throw databaseError('40P01')
    }
    let late = false
    const timeout = new Promise<void>(resolve => {
      this.world.in(lockTimeoutMs, () => {
        late = true
        resolve()
      })
    })
    await Promise.race([hold.released, tx.ended, timeout])
    tx.waitsFor = undefined
    if (!tx.open) throw databaseError('57P01')
    if (late && this.#holds.get([...this.#holds].find(([, each]) => each === hold)?.[0] ?? '') === hold)
      throw databaseError('55P03')
  }
}
