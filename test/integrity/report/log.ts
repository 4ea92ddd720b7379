import { readFileSync } from 'node:fs'

/** One fault that a test made. */
export interface FaultLine {
  readonly type: 'fault'
  /** The file of the test. */
  readonly file: string
  readonly what: string
  /** ISO time at which it was made. */
  readonly at: string
  /** ms for which nothing moved around it. */
  readonly standstillMs: number
  /** Records that were, or but for the fence would have been, delivered again. */
  readonly redelivered: number
}

/** One verdict of the checker. */
export interface CheckLine {
  readonly type: 'check'
  readonly file: string
  readonly events: number
  readonly unknown: number
  readonly failed: number
  readonly violations: readonly string[]
}

/** What a process held at a moment of the soak. */
export interface SampleLine {
  readonly type: 'sample'
  readonly at: string
  readonly process: string
  readonly pid: number
  /** Resident memory, bytes. */
  readonly memory: number
  /** Open file descriptors. */
  readonly handles: number
}

/** What the publisher of the soak called, on average. */
export interface LoadLine {
  readonly type: 'load'
  readonly eventsPerSecond: number
}

/** What a process took while nothing happened. */
export interface IdleLine {
  readonly type: 'idle'
  readonly process: string
  /** Version of its Node. */
  readonly node: string
  readonly seconds: number
  /** Processor time of all its threads, s. */
  readonly processorSeconds: number
}

/** What the sink made of random input. */
export interface FuzzLine {
  readonly type: 'fuzz'
  /** Random records, in batches as a client writes them. */
  readonly records: number
  /** Batches that no client writes: those that the brokers stored and those that they refused. */
  readonly batches: { readonly stored: number; readonly refused: number }
  /** That a foreign client could register. */
  readonly schemas: number
  /** Events of our own producer in between, all of them stored. */
  readonly good: number
  /** Random records that happened to be events, and were stored. */
  readonly happened: number
  /** Offsets in quarantine, and how many of each code. */
  readonly quarantined: number
  readonly codes: Readonly<Record<string, number>>
  /** The most memory that the sink held, bytes. */
  readonly peak: number
}

export type IntegrityLine = FaultLine | CheckLine | SampleLine | LoadLine | IdleLine | FuzzLine

/** How a run is asked for, from one process to another. */
export interface RunSettings {
  readonly seed: number
  readonly quick: boolean
  /** Of the soak. */
  readonly minutes: number | undefined
  /** File that gets a line for each fault. */
  readonly log: string | undefined
}

export function runSettings(env: NodeJS.ProcessEnv): RunSettings {
  return {
    seed: Number(env.INTEGRITY_SEED ?? 1),
    quick: env.INTEGRITY_QUICK === 'yes',
    minutes: env.INTEGRITY_MINUTES ? Number(env.INTEGRITY_MINUTES) : undefined,
    log: env.INTEGRITY_LOG || undefined
  }
}

export function settingsEnv({ seed, quick, minutes, log }: RunSettings): Record<string, string> {
  return {
    INTEGRITY_SEED: String(seed),
    INTEGRITY_QUICK: quick ? 'yes' : 'no',
    INTEGRITY_MINUTES: minutes === undefined ? '' : String(minutes),
    INTEGRITY_LOG: log ?? ''
  }
}

/** What came of a run. */
export interface IntegritySummary {
  readonly faults: number
  readonly byKind: Readonly<Record<string, { count: number; longestStandstillMs: number; redelivered: number }>>
  readonly longestStandstillMs: number
  readonly redelivered: number
  readonly checks: number
  /** Of the soak, on average; undefined where it did not run. */
  readonly eventsPerSecond: number | undefined
  readonly events: number
  readonly unknown: number
  readonly failed: number
  readonly violations: readonly string[]
  /** Every process that was left idle; none where that did not run. */
  readonly idle: readonly Omit<IdleLine, 'type'>[]
  /** Undefined where it did not run. */
  readonly fuzz?: Omit<FuzzLine, 'type'> | undefined
  /** The same by test, so that a page may say what each promise was tried with. */
  readonly byFile: Readonly<Record<string, FileSummary>>
}

/** What docs/integrity.json holds: the last full run that was clean. */
export interface IntegrityFigures extends IntegritySummary {
  /** ISO time at which it began. */
  readonly at: string
  readonly seed: number
  readonly node: string
  readonly minutes: number
}

/** What one file of the suite did. */
export interface FileSummary {
  readonly faults: number
  readonly longestStandstillMs: number
  readonly redelivered: number
  readonly checks: number
  /** Events that its checks looked at. */
  readonly events: number
  readonly violations: number
}

export function readLines(file: string): IntegrityLine[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map(line => JSON.parse(line) as IntegrityLine)
  } catch {
    return []
  }
}

export function summarize(lines: readonly IntegrityLine[]): IntegritySummary {
  const faults = lines.filter(line => line.type === 'fault')
  const checks = lines.filter(line => line.type === 'check')
  const byKind: Record<string, { count: number; longestStandstillMs: number; redelivered: number }> = {}
  for (const { what, standstillMs, redelivered } of faults) {
    const kind = byKind[what] ?? { count: 0, longestStandstillMs: 0, redelivered: 0 }
    kind.count += 1
    kind.longestStandstillMs = Math.max(kind.longestStandstillMs, standstillMs)
    kind.redelivered += redelivered
    byKind[what] = kind
  }
  const byFile = Object.fromEntries(
    [...new Set([...faults, ...checks].map(({ file }) => file))].sort().map(file => [
      file,
      totalsOf(
        faults.filter(fault => fault.file === file),
        checks.filter(check => check.file === file)
      )
    ])
  )
  return {
    ...totalsOf(faults, checks),
    byKind,
    eventsPerSecond: lines.find(line => line.type === 'load')?.eventsPerSecond,
    unknown: sum(checks.map(({ unknown }) => unknown)),
    failed: sum(checks.map(({ failed }) => failed)),
    violations: checks.flatMap(({ file, violations }) => violations.map(violation => `${file}: ${violation}`)),
    idle: lines.filter(line => line.type === 'idle').map(({ type: _, ...line }) => line),
    fuzz: lines.filter(line => line.type === 'fuzz').map(({ type: _, ...line }) => line)[0],
    byFile
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

function totalsOf(faults: readonly FaultLine[], checks: readonly CheckLine[]): FileSummary {
  return {
    faults: faults.length,
    longestStandstillMs: Math.max(0, ...faults.map(({ standstillMs }) => standstillMs)),
    redelivered: sum(faults.map(({ redelivered }) => redelivered)),
    checks: checks.length,
    events: sum(checks.map(({ events }) => events)),
    violations: sum(checks.map(({ violations }) => violations.length))
  }
}

export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`

/** How much of a core an idle process took. */
export const idleShare = ({ seconds: span, processorSeconds }: Omit<IdleLine, 'type'>): string =>
  `${((100 * processorSeconds) / span).toFixed(2)} %`

/** The summary for the person at the terminal; of a run that was interrupted, it is of the time until then. */
export function summaryLines(summary: IntegritySummary, interrupted = false): string[] {
  const {
    faults,
    byKind,
    longestStandstillMs,
    redelivered,
    checks,
    events,
    unknown,
    failed,
    violations,
    eventsPerSecond,
    idle,
    fuzz
  } = summary
  return [
    `${faults} faults were made; nothing moved for ${seconds(longestStandstillMs)} at most; ${redelivered} records were read again`,
    ...Object.entries(byKind)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(
        ([what, { count, longestStandstillMs: ms }]) =>
          `  ${String(count).padStart(4)} × ${what}, at most ${seconds(ms)}`
      ),
    `${events} events were checked in ${checks} checks (${unknown} of unknown outcome, ${failed} failed)`,
    ...(eventsPerSecond === undefined ? [] : [`the soak ran at ${eventsPerSecond} events a second`]),
    ...idle.map(
      each =>
        `the idle ${each.process} took ${idleShare(each)} of a core on Node ${each.node}, over ${Math.round(each.seconds)} s`
    ),
    ...(fuzz === undefined ? [] : [fuzzWords(fuzz)]),
    `${interrupted ? 'interrupted; until then ' : ''}${verdict(checks, violations.length)}`,
    ...violations.slice(0, 20).map(violation => `  ${violation}`)
  ]
}

const mebibytes = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MiB`

/** What random input came to. */
export function fuzzWords({
  records,
  batches,
  schemas,
  good,
  happened,
  quarantined,
  peak
}: Omit<FuzzLine, 'type'>): string {
  const input = `${records} random records, ${batches.stored} hostile batches (${batches.refused} more were refused by the brokers) and ${schemas} foreign schemas`
  const result = `${good} good events in between were stored, ${happened} records happened to be events, ${quarantined} were quarantined`
  return `${input}: ${result}; the sink held ${mebibytes(peak)} at most`
}

function verdict(checks: number, violations: number): string {
  if (checks === 0) return 'the checker had nothing to look at'
  return violations === 0 ? 'the checker was clean' : `the checker found ${violations} violations:`
}
