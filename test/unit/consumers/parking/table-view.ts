import type { ParkedTable } from '../../../../consumers/dead-letters/parking/own-rows.ts'
import { supersedes } from '../../../../consumers/dead-letters/parking/versions.ts'
import type { TableChanges } from '../../../../kafka/index.ts'
import { TableRows } from '../../../../kafka/table-rows.ts'

export interface Row {
  readonly key: string
  readonly value: Buffer | undefined
}

/** A row on its way to the log. */
interface Sent extends Row {
  /** Undefined where an answer to it was given before, or its sender is gone: it may be stored anyway. */
  readonly answer: ((offset: number) => void) | undefined
}

/**
 * The log of a table, and what is on its way to it. A member sends one row after the other, but what it has sent again may
 * be stored twice, the second time after later rows; what it sent before it crashed is stored late, or never.
 */
export class TableLog {
  readonly rows: Row[] = []
  #sent: Sent[] = []
  /** Whether rows wait to be stored by {@link land}. */
  isSlow = false

  get underway(): number {
    return this.#sent.length
  }

  send(row: Row): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>()
    this.#sent.push({ ...row, answer: resolve })
    if (!this.isSlow) this.land(this.#sent.length - 1, 'answered')
    return promise
  }

  /**
   * One row is stored.
   * @param how `unanswered`: it will be sent again; `twice`: it is answered, and a copy of it is stored later
   */
  land(index: number, how: 'answered' | 'unanswered' | 'twice'): void {
    const [sent] = this.#sent.splice(index % Math.max(1, this.#sent.length), 1)
    if (!sent) return
    const { answer, ...row } = sent
    const offset = this.rows.push(row) - 1
    if (!answer) return
    if (how === 'unanswered') this.#sent.push(sent)
    else answer(offset)
    if (how === 'twice') this.#sent.push({ ...row, answer: undefined })
  }
}

/** The table of one member: a view of a log that all share, which is as old as its last `refresh`. */
export class TableView implements ParkedTable {
  readonly #log: TableLog
  readonly #rows = new TableRows(supersedes)
  readonly #listeners = new Set<(changes: TableChanges) => void>()
  #last: Promise<unknown> = Promise.resolve()
  #next = 0

  constructor(log: TableLog) {
    this.#log = log
    this.#rows.finish()
  }

  get outdated(): ReadonlySet<string> {
    return this.#rows.outdated
  }

  get = (key: string): Buffer | undefined => this.#rows.current.get(key)
  entries = (): ReadonlyMap<string, Buffer> => this.#rows.current

  onChange(listener: (changes: TableChanges) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  put = (key: string, value: Buffer): Promise<void> => this.#write(key, value)
  delete = (key: string): Promise<void> => this.#write(key, undefined)

  async refresh(): Promise<void> {
    this.pull()
  }

  /** Reads what the others have written. */
  pull(): void {
    while (this.#next < this.#log.rows.length) {
      const offset = this.#next
      const { key, value = null } = this.#log.rows[offset] as Row
      this.#next += 1
      const record = { offset, key: Buffer.from(key), value, headers: [], timestamp: 0 }
      this.#tell(this.#rows.take([record], this.#next))
    }
  }

  #write(key: string, value: Buffer | undefined): Promise<void> {
    const written = this.#last.then(async () => {
      const offset = await this.#log.send({ key, value })
      if (this.#rows.wrote(key, value, offset)) this.#tell(new Map([[key, value]]))
    })
    this.#last = written
    return written
  }

  #tell(changes: TableChanges): void {
    if (changes.size > 0) for (const listener of this.#listeners) listener(changes)
  }
}
