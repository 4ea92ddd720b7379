import { type CommandContext, type ExitCode, exitCodes } from '../../cli/index.ts'
import { type ConsumeReport, type Consumer, type ConsumeWork, consume } from './contenders/index.ts'
import { type Loaded, load, plainShape, quizShape } from './load/index.ts'
import { type ConsumeResults, type ConsumeTurn, consumeGoals, consumeSummaries, writeReport } from './report/index.ts'
import { circumstances, withServers } from './servers.ts'
import type { Servers } from './types.ts'

export interface ConsumeBenchOptions {
  readonly events: number
  readonly turns: number
  readonly quick?: boolean
  readonly json?: boolean
}

/** ms of the handler that waits. */
const handlerMs = 5
/** Events of each aggregate of the handler that waits. */
const perAggregate = 500

interface Case {
  readonly name: string
  readonly label: string
  readonly who: Consumer
  readonly loaded: Loaded
  readonly work: Omit<ConsumeWork, 'eventNames' | 'events'>
}

/** Measures how fast a group hands events to handlers, in turns with a bare loop; writes the page. */
export async function benchConsume(context: CommandContext, given: ConsumeBenchOptions): Promise<ExitCode> {
  const options = given.quick ? { ...given, events: Math.min(given.events, 30_000), turns: 1 } : given
  return await withServers(context, async servers => {
    const cases = await prepare(context, servers, options.events, given.quick ? 100 : perAggregate)
    const measured: ConsumeTurn[] = []
    for (let turn = 1; turn <= options.turns; turn += 1) {
      for (const each of cases) {
        if (context.signal.aborted) return exitCodes.interrupted
        const report = await take(servers, each, turn, context.signal)
        measured.push({ name: each.name, turn, ...report })
        if (!given.json) context.out(`turn ${turn}  ${lineOf(each, report)}`)
      }
    }
    const results: ConsumeResults = {
      ...(await circumstances(servers, {})),
      events: options.events,
      turns: options.turns,
      summaries: consumeSummaries(cases, measured)
    }
    if (given.json) context.out(JSON.stringify(results))
    else
      for (const { what, wanted, reached, ok } of consumeGoals(results))
        context.out(`${ok ? '✓' : '✗'}  ${what}: ${reached} (${wanted})`)
    if (!given.quick) context.say(`written: ${writeReport({ consume: results }).join(', ')}`)
    return exitCodes.ok
  })
}

async function prepare(context: CommandContext, servers: Servers, events: number, each: number): Promise<Case[]> {
  const loadShape = (name: string, records: number, aggregates?: number) => {
    const shape = aggregates ? quizShape(name) : plainShape(name)
    context.say(`loading ${records.toLocaleString('en')} records${aggregates ? ` of ${aggregates} aggregates` : ''}`)
    return load({ ...servers, shape, records, signal: context.signal, ...(aggregates && { aggregates }) })
  }
  const many = await loadShape('consume-many', events)
  const one = await loadShape('consume-one', 2 * each, 1)
  const some = await loadShape('consume-some', 64 * each, 64)
  const nothing = { handlerMs: 0 }
  const waits = { handlerMs, concurrency: 64 }
  return [
    { name: 'raw', label: 'kafkajs `eachBatch`, decoding', who: 'raw', loaded: many, work: nothing },
    { name: 'group', label: 'a handler that does nothing', who: 'group', loaded: many, work: nothing },
    { name: 'batch', label: '`onBatch` that does nothing', who: 'batch', loaded: many, work: nothing },
    { name: 'one-5ms', label: 'a handler of 5 ms, one aggregate', who: 'group', loaded: one, work: waits },
    { name: 'some-5ms', label: 'a handler of 5 ms, 64 aggregates', who: 'group', loaded: some, work: waits },
    { name: 'batch-5ms', label: '`onBatch` of 5 ms, 64 aggregates', who: 'batch', loaded: some, work: waits }
  ]
}

function take(servers: Servers, { name, who, loaded, work }: Case, turn: number, signal: AbortSignal) {
  const eventNames = loaded.shape.events.flatMap(versions => versions.slice(0, 1).map(({ eventName }) => eventName))
  const full = { ...work, eventNames, events: loaded.records }
  return consume(servers, who, { id: `${name}-${turn}`, prefix: loaded.prefix, work: full, signal })
}

function lineOf({ name }: Case, { events, seconds, processor, peakMemory }: ConsumeReport): string {
  const perSecond = Math.round(events / seconds).toLocaleString('en')
  const megabytes = Math.round(peakMemory / 2 ** 20)
  return `${name.padEnd(10)} ${perSecond} events/s, ${((processor / events) * 1e6).toFixed(1)} s of processor time a million, peak ${megabytes} MB`
}
