import { startProgram, startScript } from '../children.ts'
import { BenchError } from '../errors.ts'
import type { Loaded } from '../load/index.ts'
import { meter } from '../measure/index.ts'
import { type Contender, resultOf, type Turn, type TurnResult } from './contender.ts'
import { copyColumns } from './copy-files.ts'

export interface CopyContenderOptions {
  readonly loaded: Loaded
  /** The first half of the rows and the second, as text. */
  readonly files: readonly [string, string]
  readonly connections: 1 | 2
  /** Path of psql, where there is one; otherwise Node feeds the COPY. */
  readonly psql: string | undefined
}

/** The limit: COPY of the same rows from files, nothing read from Kafka, nothing checked, no offsets. */
export function copyContender(options: CopyContenderOptions): Contender {
  const { connections, loaded, psql } = options
  const name = `copy-${connections}`
  return {
    name,
    label: `raw COPY with ${psql ? 'psql' : 'pg-copy-streams'}, ${connections} ${connections === 1 ? 'connection' : 'connections'}`,
    kind: 'limit',
    loaded,
    run: turn => runCopy(turn, name, options)
  }
}

async function runCopy(turn: Turn, name: string, options: CopyContenderOptions): Promise<TurnResult> {
  const { servers, trail, signal } = turn
  const { files, connections, psql, loaded } = options
  const { logs, adopt } = servers
  const groups = connections === 1 ? [files] : files.map(file => [file])
  const children = groups.map((group, index) => {
    const common = { name: `${name} ${index + 1}`, logs, adopt }
    if (!psql) return startScript('contenders/copy-child.ts', [trail.url, ...group], common)
    const commands = group.flatMap(file => ['-c', `\\copy event_envelopes (${copyColumns}) FROM '${file}'`])
    return startProgram({
      ...common,
      command: psql,
      args: ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', trail.url, ...commands]
    })
  })
  try {
    const metered = await meter({
      servers,
      children,
      progress: () => trail.tableBytes(),
      finished: () => children.every(child => child.hasSucceeded),
      signal
    })
    const rows = await trail.number('SELECT count(*) FROM event_envelopes')
    if (rows !== loaded.expected.rows)
      throw new BenchError('COUNTS_DIFFER', `${name}: ${rows} rows, should be ${loaded.expected.rows}`)
    return resultOf(withoutTail(metered), rows, await trail.tableBytes())
  } finally {
    await Promise.all(children.map(child => child.stop()))
  }
}

// The table has its last page before COPY has its answer: the last sample is the end, not the first that is as large.
function withoutTail<T extends { readonly samples: readonly { readonly rows: number }[] }>(metered: T): T {
  const full = metered.samples.at(-1)?.rows ?? 0
  const samples = metered.samples.filter((sample, index, all) => sample.rows < full || index === all.length - 1)
  return { ...metered, samples }
}
