import type { MetricTable, MetricType } from './metrics.ts'

type NameOf<Table extends MetricTable, Type extends MetricType> = {
  [Name in keyof Table & string]: Type extends Table[Name]['type'] ? Name : never
}[keyof Table & string]
export type CounterName<Table extends MetricTable = MetricTable> = NameOf<Table, 'counter'>
export type GaugeName<Table extends MetricTable = MetricTable> = NameOf<Table, 'gauge'>
export type HistogramName<Table extends MetricTable = MetricTable> = NameOf<Table, 'histogram'>

/** The labels of a metric: of a closed list of values one, else any text. */
export type LabelsOf<Table extends MetricTable, Name extends keyof Table> = {
  readonly [Label in keyof Table[Name]['labels']]: string extends Label ? string : ValueIn<Table[Name]['labels'][Label]>
}
type ValueIn<Values> = Values extends readonly (infer Value)[] ? Value & string : never

/** One series of a gauge, as it is now. */
export interface GaugeSample<Labels = Readonly<Record<string, string>>> {
  readonly value: number
  readonly labels: Labels
}

type Counted<Table extends MetricTable> = {
  [Name in CounterName<Table>]: [name: Name, by: number, labels: LabelsOf<Table, Name>]
}[CounterName<Table>]
type Observed<Table extends MetricTable> = {
  [Name in HistogramName<Table>]: [name: Name, value: number, labels: LabelsOf<Table, Name>]
}[HistogramName<Table>]
type Read<Table extends MetricTable> = {
  [Name in GaugeName<Table>]: [name: Name, read: () => readonly GaugeSample<LabelsOf<Table, Name>>[]]
}[GaugeName<Table>]

/**
 * Receives the metrics of eventtrail: implement it to have them in your own system, as a plain `Meter`, which takes
 * every name. A room takes a meter for its own table and so checks names and labels. One meter is for one sink, or for
 * groups of different names. The sink counts once for each batch, never for single rows.
 */
export interface Meter<Table extends MetricTable = MetricTable> {
  /** A counter grows. */
  add(...count: Counted<Table>): void
  /** One value for a histogram, in the metric's unit. */
  observe(...value: Observed<Table>): void
  /** How a gauge is read at each scrape. Cheap, and never throws. @returns removes it */
  gauge(...gauge: Read<Table>): () => void
  /**
   * A group is created that will count under its name: its series may start at 0 before the first count. A second call
   * for the same group resets nothing.
   */
  begin?(labels: { readonly group: string }): void
}

/** The default of every library part. */
export const noMeter: Meter = Object.freeze({
  add: () => undefined,
  observe: () => undefined,
  gauge: () => () => undefined
})
