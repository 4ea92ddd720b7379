import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Partition, Published } from './facts.ts'

/** What a publisher has called and got. */
export interface LoadCounts {
  called: number
  stored: number
  unknown: number
  failed: number
}

const separator = '@'

// A file a partition.
const journalFile = ({ topic, partition }: Partition): string => `${topic}${separator}${partition}.ndjson`

/** What a process writes down, a line an event; on the disk as soon as `write` was called. */
export class Journal {
  readonly #folder: string
  readonly #waiting = new Map<string, string[]>()

  constructor(folder: string) {
    this.#folder = folder
  }

  add(partition: Partition, line: string): void {
    const file = join(this.#folder, journalFile(partition))
    const lines = this.#waiting.get(file) ?? []
    this.#waiting.set(file, lines)
    lines.push(`${line}\n`)
  }

  write(): void {
    for (const [file, lines] of this.#waiting) appendFileSync(file, lines.join(''))
    this.#waiting.clear()
  }
}

/** The partitions that a journal has events of. */
export function journalPartitions(folder: string): Partition[] {
  return readdirSync(folder).map(file => {
    const at = file.lastIndexOf(separator)
    return { topic: file.slice(0, at), partition: Number.parseInt(file.slice(at + 1), 10) }
  })
}

/** The lines of one partition; none if nothing was written down of it. */
export function journalLines(folder: string, partition: Partition): string[] {
  const file = join(folder, journalFile(partition))
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []
}

/** What a publisher wrote down of one partition. */
export const readJournal = (folder: string, partition: Partition): Published[] =>
  journalLines(folder, partition).map(line => JSON.parse(line))
