import { type ConnectionOptions, connectionRule } from '../connection/index.ts'
import {
  type BackoffOptions,
  checkOptions,
  few,
  givenOnly,
  type Logger,
  OptionsError,
  type Rules,
  rule,
  silentLogger
} from '../core/index.ts'
import { defaultMaxBatchBytes, leastSessionTimeoutMs } from '../kafka/index.ts'
import { type Meter, noMeter } from '../observability/index.ts'
import { type Catalogue, catalogueRule, type EventMap, eventNamePattern } from '../schemas/index.ts'
import { type DeadLetterTopic, deadLetterTopicOf } from './dead-letters/index.ts'
import type { GroupMetrics } from './metrics.ts'
import type { Handlers } from './types.ts'

/** When a failing message is tried again. */
export interface RetryPolicy extends BackoffOptions {
  /** Attempts before a message is dead-lettered, the first included. Default 5. */
  readonly attempts?: number
}

/** How the dead-letter topic is made. */
export interface DeadLetterOptions {
  /** Default -1: the broker's. */
  readonly replicationFactor?: number
  /** ms that a dead letter is kept. Default: 30 days. */
  readonly retentionMs?: number
}

export interface ConsumerGroupOptions<Events extends EventMap = EventMap> {
  /** Where Kafka and the schema registry are, or a connection that is shared with other parts of the process. */
  readonly connection: ConnectionOptions
  /** Kafka group id is `<topicPrefix><group>`; the dead-letter topic is `<topicPrefix><group>.dead-letters`. */
  readonly group: string
  /** The events this service knows: whatever version was written is read as the latest one in here. */
  readonly catalogue: Catalogue<Events>
  /** Put before an event name to make its topic. Default ''. */
  readonly topicPrefix?: string
  readonly handlers: Handlers<Events>
  /** Pauses start at 200 ms and grow to 10 s unless said otherwise. */
  readonly retry?: RetryPolicy
  /** Handlers that run at once. Default 16. */
  readonly concurrency?: number
  /** Messages of a partition that may wait or be uncommitted before it is paused; a fetch may overshoot. Default 1,000. */
  readonly maxUncommitted?: number
  /** ms; a killed member's partitions are free after about this long. Default 10,000. */
  readonly sessionTimeoutMs?: number
  /** ms between two commits. Default 1,000. */
  readonly commitIntervalMs?: number
  /** ms between two looks for topics that did not exist yet. Default 3,000. */
  readonly topicRefreshMs?: number
  /** Bytes that a batch of the log may have once it is decompressed; a larger one is dead-lettered whole. Default 64 MiB. */
  readonly maxBatchBytes?: number
  readonly deadLetters?: DeadLetterOptions
  /** Default: nothing is logged. */
  readonly log?: Logger
  /** Gets the metrics of a group, see docs/metrics.md. Default: none. */
  readonly meter?: Meter<GroupMetrics>
}

export type ResolvedOptions<Events extends EventMap> = Readonly<
  Required<Omit<ConsumerGroupOptions<Events>, 'retry' | 'deadLetters'>> & {
    retry: Required<RetryPolicy>
    deadLetters: DeadLetterTopic
    eventNames: readonly string[]
    groupId: string
  }
>

const retryRules: Rules<RetryPolicy> = {
  attempts: rule.wholeNumber(1),
  initialMs: rule.duration(1),
  maxMs: rule.duration(1),
  factor: rule.numberBetween(1, 1_000),
  jitter: rule.numberBetween(0, 1)
}

const isReplicas = (value: unknown): boolean =>
  Number.isSafeInteger(value) && (value === -1 || (Number(value) >= 1 && Number(value) <= 32_767))

const deadLetterRules: Rules<DeadLetterOptions> = {
  replicationFactor: rule.such(isReplicas, "a whole number from 1, or -1 for the broker's own"),
  retentionMs: rule.wholeNumber(1)
}

const groupRules: Rules<ConsumerGroupOptions> = {
  connection: connectionRule,
  topicPrefix: rule.topicPrefix,
  catalogue: catalogueRule,
  group: rule.required(rule.groupName),
  handlers: rule.required(rule.mappings('an object with a handler for at least one event name')),
  retry: rule.object(retryRules),
  concurrency: rule.wholeNumber(1),
  maxUncommitted: rule.wholeNumber(1),
  sessionTimeoutMs: rule.duration(leastSessionTimeoutMs),
  commitIntervalMs: rule.duration(1),
  topicRefreshMs: rule.duration(100),
  maxBatchBytes: rule.wholeNumber(1),
  deadLetters: rule.object(deadLetterRules),
  log: rule.logger,
  meter: rule.meter
}

const { handlers: _, ...withoutHandlers } = groupRules

/** The rules of groups that bring their handlers, and their name where none is given. */
export const ownHandlersRules = { ...withoutHandlers, group: rule.groupName }

const day = 24 * 3_600_000

const defaults = {
  topicPrefix: '',
  concurrency: 16,
  maxUncommitted: 1_000,
  sessionTimeoutMs: 10_000,
  commitIntervalMs: 1_000,
  topicRefreshMs: 3_000,
  maxBatchBytes: defaultMaxBatchBytes,
  meter: noMeter,
  log: silentLogger
}

/** Checks the options and fills in the defaults. @throws OptionsError */
export function resolveOptions<Events extends EventMap>(
  options: ConsumerGroupOptions<Events>
): ResolvedOptions<Events> {
  checkOptions<ConsumerGroupOptions>(options as unknown as ConsumerGroupOptions, groupRules)
  const given = { ...defaults, ...givenOnly(options) }
  const { group, topicPrefix, handlers, catalogue } = given
  const eventNames = Object.keys(handlers).sort()
  for (const name of eventNames) {
    if (!eventNamePattern.test(name)) throw new OptionsError('handlers', 'event names as keys', name)
    if (!catalogue.eventNames.includes(name))
      throw new OptionsError('handlers', `for events of the catalogue, which has ${few(catalogue.eventNames)}`, name)
    const handler: unknown = (handlers as Readonly<Record<string, unknown>>)[name]
    if (typeof handler !== 'function') throw new OptionsError(`handlers['${name}']`, 'a function', handler)
  }
  return Object.freeze({
    ...given,
    retry: retryOf(given.retry ?? {}),
    deadLetters: {
      topic: deadLetterTopicOf(topicPrefix, group),
      replicationFactor: -1,
      retentionMs: 30 * day,
      ...givenOnly(given.deadLetters ?? {})
    },
    log: given.log.child({ group }),
    eventNames,
    groupId: topicPrefix + group
  })
}

/** Rules across the parts of a policy: `core/backoff.ts` has what they mean. */
function retryOf(given: RetryPolicy): Required<RetryPolicy> {
  // Whichever of the two is not given makes room for the other.
  const maxMs = given.maxMs ?? Math.max(10_000, given.initialMs ?? 0)
  const initialMs = given.initialMs ?? Math.min(200, maxMs)
  if (maxMs < initialMs) throw new OptionsError('retry.maxMs', `at least \`retry.initialMs\` (${initialMs})`, maxMs)
  return { attempts: 5, factor: 2, jitter: 0.2, ...givenOnly(given), initialMs, maxMs }
}
