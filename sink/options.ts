import { type ConnectionWithPostgres, connectionWithPostgresRule } from '../connection/index.ts'
import {
  checkOptions,
  checkOrder,
  type FileOrText,
  givenOnly,
  type Logger,
  OptionsError,
  type Rules,
  rule,
  SecretUnreadable,
  silentLogger,
  textOf
} from '../core/index.ts'
import { defaultMaxBatchBytes, type FetchLimits, leastSessionTimeoutMs } from '../kafka/index.ts'
import { type Meter, noMeter } from '../observability/index.ts'
import { ProofError, parseSigner, type Signer } from '../proof/index.ts'
import { eventNamePattern } from '../schemas/index.ts'
import { defaultGroup } from '../trail/index.ts'
import type { SinkMetrics } from './metrics.ts'

/** Names sinks among the members of groups: no others are let into the group of one. */
export const sinkProtocol = 'eventtrail-sink'

/** As many sessions as a Postgres has by default. */
export const mostConnections = 100

/** When a batch is written. */
export interface SinkBatchOptions {
  /** Records at which a batch is written at once, and twice that: at which fetching waits. Default 10,000. */
  readonly maxRecords?: number
  /** Bytes at which a batch is written at once, and twice that: at which fetching waits. Default 4 MiB. */
  readonly maxBytes?: number
  /** ms from one batch of a session to the next at least, unless it is full. Default 5. */
  readonly lingerMs?: number
}

export interface SinkOptions {
  /** Where Kafka, the schema registry and the database of the trail are, or a connection that is shared. */
  readonly connection: ConnectionWithPostgres
  /** Sinks of one group share the partitions. Its id in Kafka and in the tables is the topic prefix and this. Default `sink`. */
  readonly group?: string
  /** Topic = prefix + event name. Default none. */
  readonly topicPrefix?: string
  /** Only these event names. Default: every event that the registry knows, also those that come later. */
  readonly eventNames?: readonly string[]
  /** Default: nothing is logged. */
  readonly log?: Logger
  /** Gets the metrics of a sink, as docs/metrics.md lists them. Default: none are kept. */
  readonly meter?: Meter<SinkMetrics>
  readonly batch?: SinkBatchOptions
  /** Database sessions that write at the same time. Default 2, at most {@link mostConnections}. */
  readonly connections?: number
  /** ms after which a sink that died is replaced. Default 10,000. */
  readonly sessionTimeoutMs?: number
  /** ms between two looks for new event names. Default 3,000. */
  readonly topicRefreshMs?: number
  /** ms after which a write that waits looks for a sleeping sink that blocks it. Default 1,500. */
  readonly blockedAfterMs?: number
  /**
   * Records of a topic after which it is judged: when more than half were quarantined, the topic is halted until
   * `eventtrail sink resume`. Counted by each sink for itself. Default 1,000; 0: never.
   */
  readonly breakerRecords?: number
  /** Bytes that a batch of the log may have once it is decompressed; a larger one is quarantined whole. Default 64 MiB. */
  readonly maxBatchBytes?: number
  /** Months for which partitions are kept ahead. Default 3. */
  readonly monthsAhead?: number
  /**
   * The key that signs what is stored, where the trail is proved: the text of its file, or the file. It is read once.
   * Default none: on a trail that is proved the sink does not start.
   */
  readonly proofKey?: FileOrText
}

export interface CaughtUpOptions {
  /** ms to wait at most. Default 60,000. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

export const caughtUpRules: Rules<CaughtUpOptions> = {
  timeoutMs: rule.duration(0),
  signal: rule.signal
}

export type ResolvedSinkOptions = Readonly<
  Required<Omit<SinkOptions, 'eventNames' | 'batch' | 'proofKey'>> &
    Pick<SinkOptions, 'eventNames'> & { batch: Readonly<Required<SinkBatchOptions>>; signer: Signer | undefined }
>

// What a fetch brings stays in memory until it is stored; but it names every partition, so of many it has to bring more.
export const fetchLimits = (topics: number): FetchLimits => ({
  maxBytesPerPartition: 512 * 1024,
  maxBytes: Math.min(Math.max(4, topics / 8), 16) * 1024 * 1024
})

const batchRules: Rules<SinkBatchOptions> = {
  maxRecords: rule.wholeNumber(1),
  maxBytes: rule.wholeNumber(1),
  lingerMs: rule.duration(0)
}

const rules: Rules<SinkOptions> = {
  connection: connectionWithPostgresRule,
  topicPrefix: rule.topicPrefix,
  group: rule.groupName,
  eventNames: rule.such(
    value =>
      Array.isArray(value) &&
      value.length > 0 &&
      value.every(name => typeof name === 'string' && eventNamePattern.test(name)),
    'a list of at least one event name'
  ),
  batch: rule.object(batchRules),
  connections: rule.wholeNumber(1, mostConnections),
  sessionTimeoutMs: rule.duration(leastSessionTimeoutMs),
  topicRefreshMs: rule.duration(100),
  blockedAfterMs: rule.duration(100),
  breakerRecords: rule.wholeNumber(0),
  monthsAhead: rule.wholeNumber(0),
  maxBatchBytes: rule.wholeNumber(1),
  proofKey: rule.fileOrText,
  log: rule.logger,
  meter: rule.meter
}

const defaults = {
  topicPrefix: '',
  group: defaultGroup,
  log: silentLogger,
  meter: noMeter,
  connections: 2,
  sessionTimeoutMs: 10_000,
  topicRefreshMs: 3_000,
  blockedAfterMs: 1_500,
  breakerRecords: 1_000,
  monthsAhead: 3,
  maxBatchBytes: defaultMaxBatchBytes
}

/** Checks the options and fills in the defaults. @throws OptionsError */
export function resolveOptions(options: SinkOptions): ResolvedSinkOptions {
  checkOptions(options, rules)
  const given = { ...defaults, ...givenOnly(options) }
  const batch = { maxRecords: 10_000, maxBytes: 4 * 1024 * 1024, lingerMs: 5, ...givenOnly(given.batch ?? {}) }
  checkOrder(['batch.lingerMs', batch.lingerMs], ['sessionTimeoutMs', given.sessionTimeoutMs], 'less than')
  const { proofKey, ...others } = given
  return Object.freeze({ ...others, batch, group: given.topicPrefix + given.group, signer: signerOf(proofKey) })
}

/** @throws OptionsError, which repeats nothing of the key */
function signerOf(key: FileOrText | undefined): Signer | undefined {
  if (key === undefined) return undefined
  try {
    return parseSigner(textOf(key))
  } catch (error) {
    if (!(error instanceof ProofError || error instanceof SecretUnreadable)) throw error
    const words = error instanceof ProofError ? 'the text of a file that `eventtrail proof init` makes' : error.message
    throw new OptionsError('proofKey', words)
  }
}
