import type { Circumstances } from '../types.ts'
import type { Goal } from './goal.ts'
import { type Spread, spreadOf } from './statistics.ts'

/** What one consumer did in one turn. */
export interface ConsumeTurn {
  readonly name: string
  readonly turn: number
  readonly events: number
  /** From the first event to the last. */
  readonly seconds: number
  /** Processor time of its process in that time, s. */
  readonly processor: number
  /** Bytes. */
  readonly peakMemory: number
}

/** What one consumer did in all turns. */
export interface ConsumeSummary {
  readonly name: string
  readonly label: string
  readonly events: number
  readonly eventsPerSecond: Spread
  /** Processor seconds per million events. */
  readonly processor: Spread
  /** Bytes. */
  readonly peakMemory: Spread
  /** Events a second over those of another consumer in the same turn, by that one's name. */
  readonly ratios: Readonly<Record<string, Spread>>
}

export interface ConsumeResults extends Circumstances {
  /** Of the consumers that do nothing with them. */
  readonly events: number
  readonly turns: number
  readonly summaries: readonly ConsumeSummary[]
}

/** Those that others are held against. */
const references = ['raw', 'one-5ms']

/** Medians with least and most, and the ratios turn by turn. */
export function consumeSummaries(
  cases: readonly { readonly name: string; readonly label: string }[],
  measured: readonly ConsumeTurn[]
): ConsumeSummary[] {
  const rate = ({ events, seconds }: ConsumeTurn): number => events / seconds
  return cases.flatMap(({ name, label }) => {
    const own = measured.filter(one => one.name === name)
    const [first] = own
    if (!first) return []
    const spread = (figure: (one: ConsumeTurn) => number): Spread =>
      spreadOf(own.map(figure)) ?? { median: Number.NaN, min: Number.NaN, max: Number.NaN }
    const ratios = references.flatMap(reference => {
      const ratio = spreadOf(
        own.flatMap(one => {
          const other = measured.find(each => each.name === reference && each.turn === one.turn)
          return other ? [rate(one) / rate(other)] : []
        })
      )
      return ratio ? [[reference, ratio] as const] : []
    })
    return {
      name,
      label,
      events: first.events,
      eventsPerSecond: spread(rate),
      processor: spread(({ processor, events }) => (processor / events) * 1e6),
      peakMemory: spread(({ peakMemory }) => peakMemory),
      ratios: Object.fromEntries(ratios)
    }
  })
}

/** What a group has to reach. */
export function consumeGoals({ summaries }: Pick<ConsumeResults, 'summaries'>): Goal[] {
  const find = (name: string) => summaries.find(summary => summary.name === name)
  const ratio = (name: string, reference: string) => find(name)?.ratios[reference]?.median ?? Number.NaN
  const atLeast = (what: string, value: number, least: number, digits: number): Goal => ({
    what,
    wanted: `at least ${least}`,
    reached: value.toFixed(digits),
    ok: value >= least
  })
  const peak = Math.max(
    ...summaries.filter(({ name }) => name !== 'raw').map(({ peakMemory }) => peakMemory.median / 2 ** 20)
  )
  return [
    atLeast('events/s of a handler that does nothing against raw `eachBatch`', ratio('group', 'raw'), 0.7, 2),
    atLeast('events/s with 64 aggregates and a handler of 5 ms against one', ratio('some-5ms', 'one-5ms'), 40, 1),
    { what: 'peak memory of a member', wanted: 'at most 200 MB', reached: `${peak.toFixed(0)} MB`, ok: peak <= 200 }
  ]
}
