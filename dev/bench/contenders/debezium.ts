import { writeFileSync } from 'node:fs'
import { BenchError } from '../errors.ts'
import type { Loaded } from '../load/index.ts'
import { type FlatKind, flatTopic } from '../load/index.ts'
import { meter, processTimes } from '../measure/index.ts'
import type { ConnectWorker } from './connect.ts'
import { type Contender, resultOf, type Turn, type TurnResult } from './contender.ts'
import { fillIn, parseProperties } from './properties.ts'

export type DebeziumMode = 'upsert' | 'unnest' | 'insert'

export interface DebeziumContenderOptions {
  readonly loaded: Loaded
  readonly mode: DebeziumMode
  readonly tasks: number
  readonly worker: ConnectWorker
}

const labels: Record<DebeziumMode, string> = {
  upsert: 'Debezium JDBC sink, upsert',
  unnest: 'Debezium JDBC sink, UNNEST upsert',
  insert: 'Debezium JDBC sink, insert'
}

// UNNEST fails on plain text fields; the other modes take them, with less to convert.
const flatKind: Record<DebeziumMode, FlatKind> = { upsert: 'plain', unnest: 'typed', insert: 'plain' }

/** The sink that people would pick instead, on a worker whose JVM is warm. */
export function debeziumContender(options: DebeziumContenderOptions): Contender {
  const { mode, tasks, loaded } = options
  const name = `debezium-${mode}-${tasks}`
  return {
    name,
    label: `${labels[mode]}, ${tasks} ${tasks === 1 ? 'task' : 'tasks'}`,
    kind: 'peer',
    loaded,
    run: turn => runDebezium(turn, options, name)
  }
}

async function runDebezium(
  turn: Turn,
  { mode, tasks, worker, loaded }: DebeziumContenderOptions,
  name: string
): Promise<TurnResult> {
  const { servers, trail, id, signal } = turn
  const url = new URL(trail.url)
  const values = {
    tasks,
    topic: flatTopic(flatKind[mode]),
    host: url.host,
    database: trail.name,
    user: url.username,
    password: url.password
  }
  const config = parseProperties(
    `${fillIn('debezium.properties', values)}\n${fillIn(`debezium-${mode}.properties`, {})}`
  )
  forgetPeak(worker.child.pid)
  const baseline = processTimes(worker.child.pid)?.own ?? 0
  await worker.create(id, config)
  try {
    const quiet = stillness()
    let rows = 0
    let looks = 0
    const metered = await meter({
      servers,
      children: [worker.child],
      baseline,
      progress: () => trail.tableBytes(),
      finished: async bytes => {
        looks += 1
        if (looks % 20 === 0) await requireRunning(worker, id, name)
        // Counting is dear: only when nothing has been written for a while.
        if (!quiet(bytes)) return false
        rows = await trail.number('SELECT count(*) FROM event_envelopes')
        return rows >= loaded.expected.rows
      },
      signal
    })
    return resultOf(metered, rows, await trail.tableBytes())
  } finally {
    await worker.remove(id)
  }
}

async function requireRunning(worker: ConnectWorker, id: string, name: string): Promise<void> {
  const fault = await worker.fault(id)
  if (fault) throw new BenchError('CHILD_FAILED', `${name} stopped: ${fault.slice(0, 600)}`)
}

/** Notices when a number has not changed for half a second, once each second. */
function stillness(): (value: number) => boolean {
  let last = 0
  let since = performance.now()
  return value => {
    const now = performance.now()
    if (value !== last) {
      last = value
      since = now
      return false
    }
    if (value === 0 || now - since < 500) return false
    since = now + 500
    return true
  }
}

/** Lets the kernel's record of the peak memory start again, so that each turn has its own (proc(5), clear_refs). */
function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}
