import { startScript } from '../children.ts'
import type { Loaded } from '../load/index.ts'
import { meter } from '../measure/index.ts'
import { type Contender, resultOf, type Turn, type TurnResult } from './contender.ts'

/** So slow that it gets fewer rows; rows a second do not depend on that. */
const naiveRows = 20_000

/** Consumes, decodes and inserts row by row with node-postgres, as a first attempt does. */
export function naiveContender(loaded: Loaded): Contender {
  return {
    name: 'naive',
    label: `one INSERT per record with node-postgres (${Math.min(naiveRows, loaded.records).toLocaleString('en')} rows)`,
    kind: 'naive',
    loaded,
    run: turn => runNaive(turn, loaded)
  }
}

async function runNaive({ servers, trail, id, signal }: Turn, loaded: Loaded): Promise<TurnResult> {
  const rows = Math.min(naiveRows, loaded.expected.rows)
  const topics = loaded.shape.events.map(versions => loaded.prefix + versions[0]?.eventName)
  const child = startScript('contenders/naive-child.ts', ['row', id, ...topics], {
    name: 'naive',
    env: { ...servers.env, DATABASE_URL: trail.url },
    logs: servers.logs,
    adopt: servers.adopt
  })
  try {
    const metered = await meter({
      servers,
      children: [child],
      progress: () => trail.number('SELECT count(*) FROM event_envelopes'),
      finished: stored => stored >= rows,
      signal
    })
    return resultOf(metered, rows)
  } finally {
    await child.stop()
  }
}
