import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { TrailRow } from '../../../trail/index.ts'
import type { RowOutput } from '../load/index.ts'

/** Columns of a line, in its order. */
export const copyColumns =
  'id, aggregate_id, occurred_at, event_name, payload, schema_version, kafka_partition, kafka_offset'

/** The rows as text for COPY, in two files: the first half of the rows, and the second. */
export class CopyFiles implements RowOutput {
  readonly files: readonly [string, string]
  readonly #descriptors: readonly [number, number]
  readonly #half: number
  #rows = 0
  #pending: [string, string] = ['', '']

  constructor(folder: string, total: number) {
    this.files = [join(folder, 'rows-1.copy'), join(folder, 'rows-2.copy')]
    this.#descriptors = [openSync(this.files[0], 'w'), openSync(this.files[1], 'w')]
    this.#half = Math.ceil(total / 2)
  }

  add(row: TrailRow): void {
    this.#pending[this.#rows < this.#half ? 0 : 1] += copyLine(row)
    this.#rows += 1
  }

  async flush(): Promise<void> {
    this.#pending.forEach((text, index) => {
      if (text) writeSync(this.#descriptors[index] as number, text)
    })
    this.#pending = ['', '']
  }

  close(): void {
    for (const descriptor of this.#descriptors) closeSync(descriptor)
  }
}

/** A row as COPY's text format has it. */
export function copyLine(row: TrailRow): string {
  const { id, aggregateId, occurredAt, eventName, payload, schemaVersion, partition, offset } = row
  const time = new Date(Number(occurredAt / 1000n)).toISOString()
  // JSON text holds no tab and no line end, and a backslash is all that COPY would take for its own.
  return `${id}\t${aggregateId}\t${time}\t${eventName}\t${payload.replaceAll('\\', '\\\\')}\t${schemaVersion}\t${partition}\t${offset}\n`
}
