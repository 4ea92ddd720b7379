import type { Contender, Measured } from '../contenders/index.ts'
import type { Circumstances } from '../types.ts'
import type { ConsumeResults } from './consume.ts'
import type { Goal } from './goal.ts'
import type { GrowthStep } from './growth.ts'
import type { SearchResults } from './search.ts'
import { type Spread, spreadOf } from './statistics.ts'

/** What one contender did in all turns. */
export interface Summary {
  readonly name: string
  readonly label: string
  readonly kind: Contender['kind']
  readonly records: number
  /** From the first rows stored to the last. */
  readonly rowsPerSecond: Spread
  /** Of the second half of the rows, like everything below but for what says otherwise. */
  readonly secondHalf: Spread
  /** Processor seconds per million rows, of the contender's own processes. */
  readonly client: Spread
  /** The same over the whole run, from the first rows stored. */
  readonly clientWhole: Spread
  readonly postgres: Spread
  readonly broker: Spread
  /** Share of the machine's cores, 0 to 1. */
  readonly busy: Spread
  /** Bytes, the most of the turn. */
  readonly peakMemory: Spread
  /** Rows a second over those of another contender in the same turn, by that one's name. */
  readonly ratios: Readonly<Record<string, Spread>>
}

export interface ShapeFacts {
  readonly name: string
  readonly about: string
  readonly expected: { readonly rows: number; readonly duplicates: number; readonly quarantined: number }
  /** Mean bytes of a value. */
  readonly valueBytes: number
}

export interface SinkResults extends Circumstances {
  readonly rows: number
  readonly turns: number
  readonly summaries: readonly Summary[]
  readonly shapes: readonly ShapeFacts[]
}

export interface LatencySummary {
  readonly who: 'sink' | 'proved' | 'bare'
  readonly label: string
  /** Events a second. */
  readonly rate: number
  /** ms from when an event was due to be published until its row was visible; of each turn. */
  readonly p50: Spread
  readonly p90: Spread
  readonly p99: Spread
  readonly max: Spread
}

export interface LatencyResults extends Circumstances {
  /** Measured in each turn, after a warm-up. */
  readonly seconds: number
  readonly turns: number
  /** ms between two looks of the observer. */
  readonly resolutionMs: number
  readonly summaries: readonly LatencySummary[]
}

export interface GrowthResults extends Circumstances {
  readonly rows: number
  readonly turns: number
  readonly lanes: number
  /** Names and partitions; the label says what each is. */
  readonly cases: readonly Summary[]
  readonly shapes: readonly { readonly name: string; readonly about: string }[]
  readonly size: readonly GrowthStep[]
  readonly catchUp: { readonly rows: number; readonly seconds: number; readonly peakMemory: number }
}

/** What docs/benchmarks.json holds. */
export interface Results {
  readonly sink?: SinkResults
  readonly latency?: LatencyResults
  readonly growth?: GrowthResults
  readonly consume?: ConsumeResults
  readonly search?: SearchResults
}

/** Medians with least and most, and the ratios to each of `references` turn by turn. */
export function summarise(
  contenders: readonly Pick<Contender, 'name' | 'label' | 'kind'>[],
  measured: readonly Measured[],
  references: readonly string[]
): Summary[] {
  return contenders.flatMap(({ name, label, kind }) => {
    const own = measured.filter(({ contender }) => contender === name)
    const [first] = own
    if (!first) return []
    const spread = (figure: (one: Measured) => number): Spread =>
      spreadOf(own.map(figure)) ?? { median: Number.NaN, min: Number.NaN, max: Number.NaN }
    const ratios = references.flatMap(reference => {
      const others = measured.filter(({ contender }) => contender === reference)
      const ratio = spreadOf(
        own.flatMap((one, turn) => {
          const other = others[turn]
          return other ? [one.figures.whole.rowsPerSecond / other.figures.whole.rowsPerSecond] : []
        })
      )
      return ratio ? [[reference, ratio] as const] : []
    })
    return {
      name,
      label,
      kind,
      records: first.records,
      rowsPerSecond: spread(({ figures }) => figures.whole.rowsPerSecond),
      secondHalf: spread(({ figures }) => figures.half.rowsPerSecond),
      client: spread(({ figures }) => figures.half.client),
      clientWhole: spread(({ figures }) => figures.whole.client),
      postgres: spread(({ figures }) => figures.half.postgres),
      broker: spread(({ figures }) => figures.half.broker),
      busy: spread(({ figures }) => figures.half.busy),
      peakMemory: spread(({ peakMemory }) => peakMemory),
      ratios: Object.fromEntries(ratios)
    }
  })
}

/** The best of those whose name begins so, by the median of rows a second. */
export function bestOf(summaries: readonly Summary[], prefix: string): Summary | undefined {
  return summaries
    .filter(({ name }) => name.startsWith(prefix))
    .reduce<Summary | undefined>(
      (best, each) => (best && best.rowsPerSecond.median >= each.rowsPerSecond.median ? best : each),
      undefined
    )
}

/** Our best result with one process, compared with the goals of the project. */
export function goalsOf({ summaries }: Pick<SinkResults, 'summaries'>): Goal[] {
  const own = bestOf(
    summaries.filter(({ name }) => name !== 'sink-2p'),
    'sink-'
  )
  if (!own) return []
  const atLeast = (what: string, value: number | undefined, least: number): Goal[] =>
    value === undefined ? [] : [{ what, wanted: `at least ${least}`, reached: value.toFixed(2), ok: value >= least }]
  const atMost = (what: string, value: number, most: number, unit: string, digits: number): Goal => ({
    what,
    wanted: `at most ${most} ${unit}`,
    reached: `${value.toFixed(digits)} ${unit}`,
    ok: value <= most
  })
  const against = (prefix: string) => {
    const other = bestOf(summaries, prefix)
    return other && own.ratios[other.name]?.median
  }
  const share = (name: string) => {
    const other = summaries.find(summary => summary.name === name)
    const base = summaries.find(summary => summary.name === 'sink-3')
    return other && base && other.ratios[base.name]?.median
  }
  return [
    ...atLeast("rows/s against Debezium's upsert at its best", against('debezium-upsert'), 2.5),
    ...atLeast("rows/s against Debezium's UNNEST upsert at its best", against('debezium-unnest'), 1.7),
    ...atLeast('rows/s against raw COPY with two connections', own.ratios['copy-2']?.median, 0.5),
    atMost("processor time of the sink's process per million rows", own.client.median, 4, 's', 1),
    atMost("peak memory of the sink's process", own.peakMemory.median / 2 ** 20, 256, 'MB', 0),
    ...atLeast('rows/s with 1 % duplicates against none', share('duplicates'), 0.7),
    ...atLeast('rows/s with 1 % bad records against none', share('poison'), 0.5),
    ...atLeast('rows/s with 200 event names against 3', share('many-names'), 0.8)
  ]
}

export function latencyGoals({ summaries }: Pick<LatencyResults, 'summaries'>): Goal[] {
  const p99 = (who: LatencySummary['who'], rate: number) =>
    summaries.find(summary => summary.who === who && summary.rate === rate)?.p99.median ?? Number.NaN
  const slow = p99('sink', 1_000)
  const fast = p99('sink', 20_000)
  const most = 3 * p99('bare', 1_000)
  return [
    {
      what: 'p99 at 1,000 events/s',
      wanted: `at most 3 × that of the bare loop, ${most.toFixed(1)} ms`,
      reached: `${slow.toFixed(1)} ms`,
      ok: slow <= most
    },
    { what: 'p99 at 20,000 events/s', wanted: 'at most 100 ms', reached: `${fast.toFixed(1)} ms`, ok: fast <= 100 }
  ]
}

export function growthGoals({ cases, size }: Pick<GrowthResults, 'cases' | 'size'>): Goal[] {
  const names = cases.find(({ name }) => name === 'names-200')?.ratios['names-3']?.median ?? Number.NaN
  const first = size[0]
  const last = size.at(-1)
  const speed = (last?.rowsPerSecond ?? Number.NaN) / (first?.rowsPerSecond ?? Number.NaN)
  const memory = (last?.memory ?? Number.NaN) / (first?.memory ?? Number.NaN)
  const rows = (step: GrowthStep | undefined) => step?.rows.toLocaleString('en') ?? 'no'
  return [
    {
      what: `rows/s at ${rows(last)} rows against ${rows(first)}`,
      wanted: 'at least 0.9',
      reached: speed.toFixed(2),
      ok: speed >= 0.9
    },
    {
      what: `memory at ${rows(last)} rows against ${rows(first)}`,
      wanted: 'at most 1.2',
      reached: memory.toFixed(2),
      ok: memory <= 1.2
    },
    {
      what: 'rows/s with 200 event names against 3',
      wanted: 'at least 0.8',
      reached: names.toFixed(2),
      ok: names >= 0.8
    }
  ]
}
