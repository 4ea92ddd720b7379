import { randomUUID } from 'node:crypto'
import { EventtrailError } from '../../../../core/index.ts'
import { createSink } from '../../../../sink/index.ts'
import { runCli } from '../../../support/processes/cli.ts'
import { runInProcess } from '../../../support/project/program.ts'
import { badge, lesson, type TestTrail } from '../../../support/trail.ts'

/** An id of version 7 from so many ms after the begin of a month such as `2024-01`. */
export function idIn(month: string, afterMs = 0): string {
  const hex = (Date.parse(`${month}-01T00:00:00Z`) + afterMs).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7${randomUUID().slice(15)}`
}

/** Publishes lessons and badges of months, and waits until they are stored. */
export async function storeIn(trail: TestTrail, months: Readonly<Record<string, number>>): Promise<void> {
  const events = Object.entries(months).flatMap(([month, count]) =>
    Array.from({ length: count }, (_, n) => ({ ...(n % 4 === 3 ? badge() : lesson()), id: idIn(month, n) }))
  )
  await trail.publish(events)
  await using sink = createSink(trail.sinkOptions)
  await sink.start()
  await sink.whenCaughtUp()
}

/** Calls `eventtrail retention …` in this process, with the objects that it printed. */
export async function retention(trail: TestTrail, ...args: string[]) {
  Object.assign(process.env, trail.env)
  const { printed, ended } = runInProcess(['retention', ...args, '--json'])
  const end = await ended
  const code = typeof end === 'number' ? end : end instanceof EventtrailError && !end.misconfigured ? 3 : 2
  const lines = printed().split('\n')
  const found = lines.filter(line => line.startsWith('{')).map(line => JSON.parse(line) as Record<string, unknown>)
  return { code, found: found.filter(each => !('level' in each)), stderr: printed() }
}

/** What `eventtrail verify` finds wrong; and all that it finds. */
export async function verify(trail: TestTrail) {
  const { stdout } = await runCli(['verify', '--json'], trail.env)
  const found = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { check: string; level: string; words: string; records?: number })
  return { wrong: found.filter(({ level }) => level === 'wrong').map(({ words }) => words), found }
}
