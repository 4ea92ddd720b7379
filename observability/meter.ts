import type { MetricName, MetricSpec, metrics } from './metrics.ts'

type Table = typeof metrics
type NamesOf<Type extends MetricSpec['type']> = {
  [Name in MetricName]: Table[Name]['type'] extends Type ? Name : never
}[MetricName]
export type CounterName = NamesOf<'counter'>
export type GaugeName = NamesOf<'gauge'>
export type HistogramName = NamesOf<'histogram'>
type ValuesOf<Spec, Label> = Spec extends {
  readonly values: Readonly<Record<Label & string, readonly (infer Value)[]>>
}
  ? Value & string
  : string
export type LabelsOf<Name extends MetricName> = {
  readonly [Label in Table[Name]['labels'][number]]: ValuesOf<Table[Name], Label>
}

/** What a gauge reads now. */
export interface Reading<Name extends GaugeName = GaugeName> {
  readonly value: number
  readonly labels: LabelsOf<Name>
}

/**
 * Where a part of eventtrail tells its figures: hand in one of your own to have them in your own system. One meter
 * is for one sink, or for groups of different names. Nothing is told for single rows of the sink: counters grow once
 * for each batch.
 */
export interface Meter {
  /** A counter grows. */
  add<Name extends CounterName>(name: Name, by: number, labels: LabelsOf<Name>): void
  /** One value for a histogram, in the metric's unit. */
  observe<Name extends HistogramName>(name: Name, value: number, labels: LabelsOf<Name>): void
  /** How a gauge is read, whenever somebody looks. Cheap, and never throws. @returns what takes it away again */
  gauge<Name extends GaugeName>(name: Name, read: () => readonly Reading<Name>[]): () => void
  /**
   * A group is made that will count under its name: what can stand at 0 before its first count may do so from here on.
   * Told again of the same group, nothing is set back.
   */
  begin?(labels: { readonly group: string }): void
}

/** The default of every library part. */
export const noMeter: Meter = Object.freeze({
  add: () => undefined,
  observe: () => undefined,
  gauge: () => () => undefined
})
