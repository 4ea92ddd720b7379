/** One look at a contender while it works. Processor times are sums since its start, s. */
export interface Sample {
  /** ms on any clock that only goes forward. */
  readonly at: number
  /** Rows (of `Window.total`) that are stored. */
  readonly rows: number
  readonly client: number
  readonly postgres: number
  readonly broker: number
  /** Of the whole machine. */
  readonly busy: number
  readonly total: number
  /** Bytes resident in the contender's own processes. */
  readonly memory: number
}

/** Measurements of a part of a run. */
export interface Stretch {
  readonly rowsPerSecond: number
  /** Processor seconds per million rows. */
  readonly client: number
  readonly postgres: number
  readonly broker: number
  /** Share of the machine's cores that was busy, 0 to 1. */
  readonly busy: number
}

/** From the first rows that were seen to the last, and the second half of the rows, when everything is warm. */
export interface Figures {
  readonly whole: Stretch
  readonly half: Stretch
  /** Processor seconds per million rows from the start of the process: what starting up costs is in it. */
  readonly clientFromStart: number
}

/** @param total rows at the end; the last sample must have them. */
export function figuresOf(samples: readonly Sample[], total: number): Figures {
  const started = samples.findIndex(sample => sample.rows > 0)
  const end = samples.findIndex(sample => sample.rows >= total)
  const first = samples[Math.min(started, end - 1)]
  const last = samples[end]
  if (!first || !last) throw new RangeError('the samples do not show a run from its start to its end')
  const middle = at(samples.slice(0, end + 1), total / 2)
  return {
    whole: stretch(first, last),
    half: stretch(middle, last),
    clientFromStart: (last.client / total) * 1e6
  }
}

export function stretch(from: Sample, to: Sample): Stretch {
  const rows = to.rows - from.rows
  const perMillion = (name: 'client' | 'postgres' | 'broker') => ((to[name] - from[name]) / rows) * 1e6
  return {
    rowsPerSecond: (rows / (to.at - from.at)) * 1_000,
    client: perMillion('client'),
    postgres: perMillion('postgres'),
    broker: perMillion('broker'),
    busy: (to.busy - from.busy) / (to.total - from.total)
  }
}

/** The moment at which so many rows were stored, between the two samples around it. */
export function at(samples: readonly Sample[], rows: number): Sample {
  const next = samples.findIndex(sample => sample.rows >= rows)
  const after = samples[next]
  const before = samples[next - 1]
  if (!after) throw new RangeError('so many rows were never stored')
  if (!before || after.rows === before.rows) return after
  const share = (rows - before.rows) / (after.rows - before.rows)
  const between = (name: keyof Sample) => before[name] + (after[name] - before[name]) * share
  return {
    at: between('at'),
    rows,
    client: between('client'),
    postgres: between('postgres'),
    broker: between('broker'),
    busy: between('busy'),
    total: between('total'),
    memory: between('memory')
  }
}

/** ms since 1970 with fractions, the same in every process of this machine. */
export const wallClock = (): number => performance.timeOrigin + performance.now()
