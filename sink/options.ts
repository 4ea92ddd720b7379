import {
  checkBrokers,
  checkDatabaseUrl,
  checkRegistryUrl,
  durationWords,
  faultOf,
  isDuration,
  isGroupName,
  isTopicPrefix,
  type Logger,
  legalCharacters,
  OptionsError,
  refuseMisspelt,
  silentLogger
} from '../core/index.ts'
import type { KafkaSecurity } from '../kafka/index.ts'
import { defaultMaxBatchBytes, type FetchLimits, leastSessionTimeoutMs } from '../kafka/index.ts'
import { type Meter, noMeter } from '../observability/index.ts'
import { defaultGroup } from '../trail/index.ts'
import type { SinkMetrics } from './metrics.ts'

/** Names sinks among the members of groups: no others are let into the group of one. */
export const sinkProtocol = 'eventtrail-sink'

/** As many sessions as a Postgres has by default. */
export const mostLanes = 100

export interface SinkOptions {
  /** `host:port` of at least one broker. */
  readonly brokers: readonly string[]
  /** The schema registry's Confluent-compatible API. */
  readonly registryUrl: string
  /** The database that holds the trail. */
  readonly databaseUrl: string
  /** Sinks of one group share the partitions. Its id in Kafka and in the tables is the topic prefix and this. Default `sink`. */
  readonly group?: string
  /** Topic = prefix + event name. Default none. */
  readonly topicPrefix?: string
  /** Only these event names. Default: every event that the registry knows, also those that come later. */
  readonly eventNames?: readonly string[]
  readonly security?: KafkaSecurity
  readonly log?: Logger
  /** Gets the figures of docs/metrics.md that are the sink's. Default: nobody does. */
  readonly meter?: Meter<SinkMetrics>
  /** Rows at which a batch is written at once, and twice that: at which fetching waits. Default 10,000. */
  readonly maxRows?: number
  /** Bytes at which a batch is written at once, and twice that: at which fetching waits. Default 4 MiB. */
  readonly maxBytes?: number
  /** ms from one batch of a session to the next at least, unless it is full. Default 5. */
  readonly lingerMs?: number
  /** Database sessions that write side by side. Default 2, at most {@link mostLanes}. */
  readonly lanes?: number
  /** ms after which a sink that died is replaced. Default 10,000. */
  readonly sessionTimeoutMs?: number
  /** ms between two looks for new event names. Default 3,000. */
  readonly topicRefreshMs?: number
  /** ms after which a write that waits looks for a sleeping sink that blocks it. Default 1,500. */
  readonly blockedAfterMs?: number
  /**
   * Records of a topic after which it is judged: when more than half were quarantined, the topic stops until
   * `eventtrail sink resume`. Counted by each sink for itself. Default 1,000; 0: never.
   */
  readonly breakerRecords?: number
  /** Bytes that a batch of the log may have once it is decompressed; a larger one is quarantined whole. Default 64 MiB. */
  readonly maxBatchBytes?: number
  /** Months for which partitions are kept ahead. Default 3. */
  readonly monthsAhead?: number
}

export interface CaughtUpOptions {
  /** ms to wait at most. Default 60,000. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

export type ResolvedSinkOptions = Readonly<Required<Omit<SinkOptions, 'eventNames'>> & Pick<SinkOptions, 'eventNames'>>

// What a fetch brings stays in memory until it is stored; but it names every partition, so of many it is to bring more.
export const fetchLimits = (topics: number): FetchLimits => ({
  maxBytesPerPartition: 512 * 1024,
  maxBytes: Math.min(Math.max(4, topics / 8), 16) * 1024 * 1024
})

const defaults = {
  topicPrefix: '',
  security: {},
  log: silentLogger,
  meter: noMeter,
  maxRows: 10_000,
  maxBytes: 4 * 1024 * 1024,
  lingerMs: 5,
  lanes: 2,
  sessionTimeoutMs: 10_000,
  topicRefreshMs: 3_000,
  blockedAfterMs: 1_500,
  breakerRecords: 1_000,
  monthsAhead: 3,
  maxBatchBytes: defaultMaxBatchBytes
}
const optionNames = ['brokers', 'registryUrl', 'databaseUrl', 'group', 'eventNames', ...Object.keys(defaults)]

/** Fills in the defaults and checks them once. @throws OptionsError */
export function resolveOptions(given: SinkOptions): ResolvedSinkOptions {
  // Callers without types pass undefined for what they do not set.
  const options = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined)
  ) as unknown as SinkOptions
  refuseMisspelt(options, optionNames)
  const resolved: ResolvedSinkOptions = {
    ...defaults,
    ...options,
    group: `${options.topicPrefix ?? ''}${options.group ?? defaultGroup}`
  }
  for (const { name, ok, expected, got } of rules(resolved))
    if (!ok) throw new OptionsError(name, expected, ...(got === undefined ? [] : [got.value]))
  return Object.freeze(resolved)
}

interface Checked {
  readonly name: string
  readonly ok: boolean
  readonly expected: string
  /** Left out where it may hold a password. */
  readonly got?: { readonly value: unknown }
}

function rules(options: ResolvedSinkOptions): Checked[] {
  const checked = (name: keyof ResolvedSinkOptions, ok: boolean, expected: string, value: unknown = options[name]) => ({
    name,
    ok,
    expected,
    got: { value }
  })
  const least = (name: keyof ResolvedSinkOptions, minimum: number, most = Number.MAX_SAFE_INTEGER) => {
    const value = options[name]
    const range = most === Number.MAX_SAFE_INTEGER ? `from ${minimum}` : `from ${minimum} to ${most}`
    const ok = Number.isSafeInteger(value) && Number(value) >= minimum && Number(value) <= most
    return checked(name, ok, `a whole number ${range}`)
  }
  const address = (name: keyof ResolvedSinkOptions, check: () => unknown) => {
    const fault = faultOf(check)
    return { name, ok: fault === undefined, expected: fault ?? '' }
  }
  const duration = (name: keyof ResolvedSinkOptions, minimum: number) =>
    checked(name, isDuration(options[name], minimum), durationWords(minimum))
  const { topicPrefix, lingerMs, sessionTimeoutMs } = options
  const group = options.group.slice(topicPrefix.length)
  return [
    address('brokers', () => checkBrokers(options.brokers)),
    address('registryUrl', () => checkRegistryUrl(options.registryUrl)),
    address('databaseUrl', () => checkDatabaseUrl(options.databaseUrl)),
    checked('topicPrefix', isTopicPrefix(topicPrefix), `at most 100 ${legalCharacters}`),
    checked('group', isGroupName(group), `1 to 100 ${legalCharacters}`, group),
    least('maxRows', 1),
    least('maxBytes', 1),
    duration('lingerMs', 0),
    least('lanes', 1, mostLanes),
    duration('sessionTimeoutMs', leastSessionTimeoutMs),
    duration('topicRefreshMs', 100),
    duration('blockedAfterMs', 100),
    least('breakerRecords', 0),
    least('monthsAhead', 0),
    least('maxBatchBytes', 1),
    checked('lingerMs', lingerMs < sessionTimeoutMs, `less than \`sessionTimeoutMs\` (${sessionTimeoutMs})`)
  ]
}
