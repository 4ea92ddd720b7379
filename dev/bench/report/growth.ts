import { at, type Sample } from '../measure/index.ts'

/** How it went from one size of the table to the next. */
export interface GrowthStep {
  /** Rows in the table at the end of the step. */
  readonly rows: number
  readonly rowsPerSecond: number
  /** Bytes resident, the most that was seen in the step. */
  readonly memory: number
}

/** Cuts a run into steps of so many rows. */
export function growthOf(samples: readonly Sample[], total: number, step: number): GrowthStep[] {
  const begun = samples.findIndex(sample => sample.rows > 0)
  const first = samples[begun]
  if (!first) return []
  const steps: GrowthStep[] = []
  let from = first
  for (let rows = step; rows <= total; rows += step) {
    const to = at(samples, rows)
    const within = samples.filter(sample => sample.at > from.at && sample.at <= to.at)
    steps.push({
      rows,
      rowsPerSecond: ((to.rows - from.rows) / (to.at - from.at)) * 1_000,
      memory: Math.max(to.memory, ...within.map(({ memory }) => memory))
    })
    from = to
  }
  return steps
}
