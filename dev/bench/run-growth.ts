import { type CommandContext, type ExitCode, exitCodes } from '../../cli/index.ts'
import type { Contender, Measured } from './contenders/index.ts'
import { meterSink, sinkContender } from './contenders/index.ts'
import { Trail } from './database.ts'
import { lanesForShapes } from './field.ts'
import { type Loaded, load, manyNames, plainShape, type Shape } from './load/index.ts'
import { type GrowthResults, growthOf, summarise, writeReport } from './report/index.ts'
import { circumstances, withServers } from './servers.ts'
import type { Durability, Servers } from './types.ts'

export interface GrowthBenchOptions {
  /** Of each case but the large table. */
  readonly rows: number
  /** Of the large table. */
  readonly most: number
  /** Rows to catch up with. */
  readonly lag: number
  readonly turns: number
  readonly quick?: boolean
}

const quick = { rows: 10_000, most: 40_000, lag: 20_000, turns: 1 }
const steps = 10

/** Names, partitions and the size of the table: how each changes rows a second and memory. */
export async function benchGrowth(context: CommandContext, given: GrowthBenchOptions): Promise<ExitCode> {
  const options = given.quick ? quick : given
  return await withServers(context, async servers => {
    const cases = await measureCases(context, servers, options)
    const size = await measureSize(context, servers, options)
    if (context.signal.aborted) return exitCodes.interrupted
    if (given.quick) return exitCodes.ok
    const results: GrowthResults = {
      ...(await circumstances(servers, size.durability)),
      rows: options.rows,
      turns: options.turns,
      lanes: lanesForShapes,
      cases: cases.summaries,
      shapes: cases.shapes,
      size: size.steps,
      catchUp: size.catchUp
    }
    context.out(`written: ${writeReport({ growth: results }).join(', ')}`)
    return exitCodes.ok
  })
}

async function measureCases(context: CommandContext, servers: Servers, { rows, turns }: GrowthBenchOptions) {
  const shapes: Shape[] = [
    plainShape('names-3', 6),
    manyNames(200, 'names-200'),
    plainShape('partitions-1', 1),
    plainShape('partitions-60', 60)
  ]
  const contenders: Contender[] = []
  for (const shape of shapes) {
    const loaded = await loadShape(context, servers, shape, rows)
    contenders.push({ ...sinkContender({ name: shape.name, loaded, lanes: lanesForShapes }), label: shape.about })
  }
  const measured: Measured[] = []
  for (let turn = 1; turn <= turns; turn += 1) {
    for (const contender of contenders) {
      if (context.signal.aborted) break
      const id = `growth_${contender.name.replaceAll('-', '_')}_${turn}`
      await using trail = await Trail.make(servers.databaseUrl, id)
      const durability = await trail.durability()
      const result = await contender.run({ servers, trail, id, signal: context.signal })
      measured.push({ ...result, contender: contender.name, durability })
      const { rowsPerSecond } = result.figures.whole
      context.out(
        `turn ${turn}  ${contender.name.padEnd(14)} ${Math.round(rowsPerSecond).toLocaleString('en')} rows/s, peak ${megabytes(result.peakMemory)} MB, ${result.seconds.toFixed(1)} s from its start`
      )
    }
  }
  const about = shapes.map(shape => ({ name: shape.name, about: shape.about }))
  return { summaries: summarise(contenders, measured, ['names-3']), shapes: about }
}

async function measureSize(context: CommandContext, servers: Servers, { most, lag }: GrowthBenchOptions) {
  const shape = plainShape('table')
  const backlog = await loadShape(context, servers, shape, lag)
  const caught = await fill(context, servers, backlog, 'growth_lag')
  context.out(
    `caught up with ${lag.toLocaleString('en')} rows ${caught.seconds.toFixed(1)} s after the start of the process, peak ${megabytes(caught.peakMemory)} MB`
  )
  // More records after those: the same topics, and a new table.
  const more = most > lag ? await loadShape(context, servers, shape, most - lag) : undefined
  const all: Loaded = {
    ...backlog,
    records: backlog.records + (more?.records ?? 0),
    expected: { ...backlog.expected, rows: backlog.expected.rows + (more?.expected.rows ?? 0) }
  }
  const filled = await fill(context, servers, all, 'growth_table')
  const points = growthOf(filled.samples, all.records, Math.floor(all.records / steps))
  for (const { rows, rowsPerSecond, memory } of points) {
    context.out(
      `up to ${rows.toLocaleString('en')} rows: ${Math.round(rowsPerSecond).toLocaleString('en')} rows/s, ${megabytes(memory)} MB`
    )
  }
  const catchUp = { rows: lag, seconds: caught.seconds, peakMemory: caught.peakMemory }
  return { steps: points, catchUp, durability: filled.durability }
}

async function fill(context: CommandContext, servers: Servers, loaded: Loaded, id: string) {
  await using trail = await Trail.make(servers.databaseUrl, id)
  const durability: Durability = await trail.durability()
  const turn = { servers, trail, id, signal: context.signal }
  const { samples, peakMemory } = await meterSink(turn, {
    name: id,
    loaded,
    lanes: lanesForShapes,
    processes: 1,
    proved: false
  })
  const seconds = ((samples.at(-1)?.at ?? 0) - (samples[0]?.at ?? 0)) / 1_000
  return { samples, peakMemory, seconds, durability }
}

function loadShape({ say, signal }: CommandContext, servers: Servers, shape: Shape, records: number): Promise<Loaded> {
  say(`loading ${records.toLocaleString('en')} records: ${shape.about}`)
  return load({ ...servers, shape, records, signal })
}

const megabytes = (bytes: number): number => Math.round(bytes / 2 ** 20)
