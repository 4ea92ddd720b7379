import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Partition, Published } from './facts.ts'

/** What a publisher has called and was told. */
export interface LoadCounts {
  called: number
  stored: number
  unknown: number
  failed: number
}

const separator = '@'

/** The file of a publisher's journal that holds the events of one partition. */
export const journalFile = ({ topic, partition }: Partition): string => `${topic}${separator}${partition}.ndjson`

/** The partitions that a journal has events of. */
export function journalPartitions(folder: string): Partition[] {
  return readdirSync(folder).map(file => {
    const at = file.lastIndexOf(separator)
    return { topic: file.slice(0, at), partition: Number.parseInt(file.slice(at + 1), 10) }
  })
}

/** What a publisher wrote down of one partition. */
export function readJournal(folder: string, partition: Partition): Published[] {
  const lines = readFileSync(join(folder, journalFile(partition)), 'utf8').split('\n')
  return lines.filter(Boolean).map(line => JSON.parse(line) as Published)
}
