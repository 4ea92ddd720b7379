import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { pause } from '../../../core/index.ts'
import { operationsMigrations } from '../../../operations/index.ts'
import { migrate } from '../../../postgres/index.ts'
import { startSubject } from '../children.ts'
import type { Trail } from '../database.ts'
import { processMemory, processTimes } from '../measure/index.ts'
import type { Servers } from '../types.ts'
import { meanings } from './data.ts'

/** What an export of all rows took. */
export interface ExportMeasured {
  /** From the start of its process to its end. */
  readonly seconds: number
  /** Processor time of its process, s. */
  readonly processor: number
  /** Bytes, the most that was resident. */
  readonly peakMemory: number
}

/**
 * Runs `eventtrail trail export` into a file of NDJSON, with the persons of each event counted.
 * @throws BenchError `CHILD_FAILED`
 */
export async function measureExport(servers: Servers, trail: Trail, signal: AbortSignal): Promise<ExportMeasured> {
  await migrate(trail.client, operationsMigrations)
  for (const { eventName, path, meaning } of meanings)
    await trail.rows('INSERT INTO field_meanings (event_name, path, meaning) VALUES ($1, $2, $3)', [
      eventName,
      path,
      meaning
    ])
  const file = join(servers.scratch, `${trail.name}.ndjson`)
  const start = (...args: string[]) =>
    startSubject(['trail', 'export', ...args], {
      name: `export ${trail.name}`,
      env: {
        ...{ DATABASE_URL: trail.url, DISCLOSURE_PARTY: 'the benchmark', DISCLOSURE_PURPOSE: 'to measure an export' },
        NODE_COMPILE_CACHE: join(servers.logs, 'compile-cache')
      },
      logs: servers.logs,
      adopt: servers.adopt
    })
  // What is published has no types to be stripped, which takes 25 MB: Node keeps what is left of the sources.
  await start('--help').success()
  const began = performance.now()
  const child = start('--out', file)
  try {
    let [peakMemory, processor] = [0, 0]
    while (!child.hasEnded && (await pause(20, signal))) {
      // Both only grow, and are gone with the process.
      peakMemory = Math.max(peakMemory, processMemory(child.pid)?.peak ?? 0)
      processor = Math.max(processor, processTimes(child.pid)?.own ?? 0)
    }
    if (!signal.aborted) await child.success()
    return { seconds: (performance.now() - began) / 1_000, processor, peakMemory }
  } finally {
    await child.stop()
    rmSync(file, { force: true })
  }
}
