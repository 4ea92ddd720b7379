import type { BackoffOptions } from '../core/index.ts'
import {
  checkBrokers,
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
import { defaultMaxBatchBytes, leastSessionTimeoutMs } from '../kafka/index.ts'
import { type Meter, noMeter } from '../observability/index.ts'
import { type Catalogue, type EventMap, eventNamePattern } from '../schemas/index.ts'
import type { DeadLetterTopic } from './dead-letters/index.ts'
import type { GroupMetrics } from './metrics.ts'
import type { Handlers } from './types.ts'

/** When a failing message is tried again. */
export interface RetryPolicy extends BackoffOptions {
  /** Attempts before a message is dead-lettered, the first included. Default 5. */
  readonly attempts?: number
}

export interface ConsumerGroupOptions<Events extends EventMap> {
  /** Kafka group id is `<topicPrefix><group>`; the dead-letter topic is `<topicPrefix><group>.dead-letters`. */
  readonly group: string
  /** `host:port` of at least one broker. */
  readonly brokers: readonly string[]
  readonly security?: KafkaSecurity
  /** Confluent-compatible API of the schema registry. */
  readonly registryUrl: string
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
  /** ms that `drain` waits for running handlers. Default 30,000. */
  readonly drainTimeoutMs?: number
  /** ms between two looks for topics that did not exist yet. Default 3,000. */
  readonly topicRefreshMs?: number
  /** Bytes that a batch of the log may have once it is decompressed; a larger one is dead-lettered whole. Default 64 MiB. */
  readonly maxBatchBytes?: number
  /** How the dead-letter topic is made. Default: the broker's replication factor, kept 30 days. */
  readonly deadLetters?: { readonly replicationFactor?: number; readonly retentionMs?: number }
  /** Default: nothing is logged. */
  readonly log?: Logger
  /** Gets the figures of docs/metrics.md that are a group's. Default: nobody does. */
  readonly meter?: Meter<GroupMetrics>
}

export type ResolvedOptions<Events extends EventMap> = Readonly<
  Required<Omit<ConsumerGroupOptions<Events>, 'retry' | 'deadLetters'>> & {
    retry: RetryPolicy & { attempts: number }
    deadLetters: DeadLetterTopic
    eventNames: readonly string[]
    groupId: string
  }
>

const optionNames = Object.keys({
  group: true,
  brokers: true,
  security: true,
  registryUrl: true,
  catalogue: true,
  topicPrefix: true,
  handlers: true,
  retry: true,
  concurrency: true,
  maxUncommitted: true,
  sessionTimeoutMs: true,
  commitIntervalMs: true,
  drainTimeoutMs: true,
  topicRefreshMs: true,
  maxBatchBytes: true,
  deadLetters: true,
  log: true,
  meter: true
} satisfies Record<keyof ConsumerGroupOptions<EventMap>, true>)

const day = 24 * 3_600_000

/** Fills in the defaults and checks. @throws OptionsError */
export function resolveOptions<Events extends EventMap>(
  options: ConsumerGroupOptions<Events>
): ResolvedOptions<Events> {
  const { topicPrefix = '', group, brokers, handlers, catalogue } = options
  refuseMisspelt(options, optionNames)
  refuseMisspelt(options.retry ?? {}, ['attempts', 'initialMs', 'maxMs', 'factor', 'jitter'], 'retry.')
  refuseMisspelt(options.deadLetters ?? {}, ['replicationFactor', 'retentionMs'], 'deadLetters.')
  if (!isGroupName(group)) throw new OptionsError('group', legalCharacters, group)
  if (!isTopicPrefix(topicPrefix)) throw new OptionsError('topicPrefix', `at most 100 ${legalCharacters}`, topicPrefix)
  const addresses = { brokers: () => checkBrokers(brokers), registryUrl: () => checkRegistryUrl(options.registryUrl) }
  for (const [name, check] of Object.entries(addresses)) {
    const fault = faultOf(check)
    if (fault !== undefined) throw new OptionsError(name, fault)
  }
  const eventNames = Object.keys(handlers).sort()
  if (eventNames.length === 0)
    throw new OptionsError('handlers', 'an object with a handler for at least one event name')
  for (const name of eventNames) {
    if (!eventNamePattern.test(name)) throw new OptionsError('handlers', 'event names as keys', name)
    catalogue.version(name)
  }
  const duration = (name: keyof ConsumerGroupOptions<Events>, initial: number, least = 1): number =>
    durationOf(name, (options[name] as number | undefined) ?? initial, least)
  const number = (name: keyof ConsumerGroupOptions<Events>, initial: number): number =>
    wholeNumber(name, (options[name] as number | undefined) ?? initial)
  return Object.freeze({
    group,
    brokers,
    security: options.security ?? {},
    registryUrl: options.registryUrl,
    catalogue,
    topicPrefix,
    handlers,
    retry: retryOf(options.retry),
    concurrency: number('concurrency', 16),
    maxUncommitted: number('maxUncommitted', 1_000),
    sessionTimeoutMs: duration('sessionTimeoutMs', 10_000, leastSessionTimeoutMs),
    commitIntervalMs: duration('commitIntervalMs', 1_000),
    drainTimeoutMs: duration('drainTimeoutMs', 30_000),
    topicRefreshMs: duration('topicRefreshMs', 3_000, 100),
    maxBatchBytes: number('maxBatchBytes', defaultMaxBatchBytes),
    deadLetters: {
      topic: `${topicPrefix}${group}.dead-letters`,
      replicationFactor: replicasOf(options.deadLetters?.replicationFactor),
      retentionMs: wholeNumber('deadLetters.retentionMs', options.deadLetters?.retentionMs ?? 30 * day)
    },
    meter: options.meter ?? noMeter,
    log: (options.log ?? silentLogger).child({ group }),
    eventNames,
    groupId: topicPrefix + group
  })
}

/** Rules across the parts of a policy: `core/backoff.ts` has what they mean. */
function retryOf(given: RetryPolicy = {}): RetryPolicy & { attempts: number } {
  // Whichever of the two is not given makes room for the other.
  const initialMs = given.initialMs === undefined ? undefined : durationOf('retry.initialMs', given.initialMs, 1)
  const maxMs = durationOf('retry.maxMs', given.maxMs ?? Math.max(10_000, initialMs ?? 0), 1)
  const policy = {
    attempts: wholeNumber('retry.attempts', given.attempts ?? 5),
    initialMs: initialMs ?? Math.min(200, maxMs),
    maxMs,
    factor: given.factor ?? 2,
    jitter: given.jitter ?? 0.2
  }
  if (policy.maxMs < policy.initialMs)
    throw new OptionsError('retry.maxMs', `at least \`retry.initialMs\` (${policy.initialMs})`, policy.maxMs)
  if (!(policy.factor >= 1 && policy.factor <= 1_000))
    throw new OptionsError('retry.factor', 'a number from 1 to 1000', policy.factor)
  if (!(policy.jitter >= 0 && policy.jitter <= 1))
    throw new OptionsError('retry.jitter', 'a number from 0 to 1', policy.jitter)
  return policy
}

/** -1: as the broker has it. */
function replicasOf(given = -1): number {
  if (Number.isSafeInteger(given) && (given === -1 || (given >= 1 && given <= 32_767))) return given
  throw new OptionsError('deadLetters.replicationFactor', "a whole number from 1, or -1 for the broker's own", given)
}

function durationOf(name: string, value: number, least: number): number {
  if (isDuration(value, least)) return value
  throw new OptionsError(name, durationWords(least), value)
}

function wholeNumber(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new OptionsError(name, 'a whole number from 1', value)
}
