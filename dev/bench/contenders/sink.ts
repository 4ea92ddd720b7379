import { join } from 'node:path'
import { requireTrail } from '../checks.ts'
import { startSubject } from '../children.ts'
import type { Loaded } from '../load/index.ts'
import { type Metered, meter } from '../measure/index.ts'
import { type Contender, resultOf, type Turn, type TurnResult } from './contender.ts'

export interface SinkContenderOptions {
  readonly name: string
  readonly loaded: Loaded
  readonly lanes: number
  /** Default 1. */
  readonly processes?: number
  /** Whether it signs what it stores. Default false. */
  readonly proved?: boolean
}

/** This project's sink, as it is deployed: `eventtrail sink` in processes of its own. */
export function sinkContender({ name, loaded, lanes, processes = 1, proved = false }: SinkContenderOptions): Contender {
  const several = (count: number, what: string, whats: string) => `${count} ${count === 1 ? what : whats}`
  return {
    name,
    label: `eventtrail sink, ${several(lanes, 'connection', 'connections')}${processes > 1 ? ` in each of ${processes} processes` : ''}${proved ? ', with the proof' : ''}`,
    kind: 'ours',
    loaded,
    run: turn => runSink(turn, { name, loaded, lanes, processes, proved })
  }
}

async function runSink(turn: Turn, options: Required<SinkContenderOptions>): Promise<TurnResult> {
  return resultOf(await meterSink(turn, options), options.loaded.records)
}

/** Runs it until everything is in the trail, and checks that it is. @throws BenchError */
export async function meterSink(turn: Turn, options: Required<SinkContenderOptions>): Promise<Metered> {
  const { servers, trail, id, signal } = turn
  const { name, loaded, lanes, processes, proved } = options
  const key = proved ? { PROOF_KEY_FILE: await trail.prove(join(servers.scratch, id), loaded.prefix) } : {}
  const children = Array.from({ length: processes }, (_, index) =>
    startSubject(['sink', '--connections', String(lanes), '--group', id, '--prefix', loaded.prefix], {
      name: `${name} ${index + 1}`,
      env: { ...servers.env, DATABASE_URL: trail.url, LOG_LEVEL: 'warn', ...key },
      logs: servers.logs,
      adopt: servers.adopt
    })
  )
  try {
    const metered = await meter({
      servers,
      children,
      progress: () => trail.offsets(),
      finished: rows => rows >= loaded.records,
      signal
    })
    await Promise.all(children.map(child => child.stop()))
    await requireTrail(trail, loaded, name)
    return metered
  } finally {
    await Promise.all(children.map(child => child.stop()))
  }
}
