import type { TableChanges, TopicTable } from '../../kafka/index.ts'

/** A compacted topic as a map, in this process. */
export class MemoryTable
  implements Pick<TopicTable, 'get' | 'entries' | 'put' | 'delete' | 'refresh' | 'onChange' | 'outdated'>
{
  /** What is later counts: there is one member. */
  readonly outdated: ReadonlySet<string> = new Set()
  readonly #rows = new Map<string, Buffer>()
  readonly #listeners = new Set<(changes: TableChanges) => void>()

  get(key: string): Buffer | undefined {
    return this.#rows.get(key)
  }

  entries(): ReadonlyMap<string, Buffer> {
    return this.#rows
  }

  onChange(listener: (changes: TableChanges) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async put(key: string, value: Buffer): Promise<void> {
    this.#rows.set(key, value)
    this.#tell(key, value)
  }

  async delete(key: string): Promise<void> {
    this.#rows.delete(key)
    this.#tell(key, undefined)
  }

  /** There is nothing that it has not read. */
  async refresh(): Promise<void> {}

  #tell(key: string, value: Buffer | undefined): void {
    for (const listener of this.#listeners) listener(new Map([[key, value]]))
  }
}
