import { type ConnectionOptions, connectionRule } from '../connection/index.ts'
import {
  type BackoffOptions,
  checkOptions,
  givenOnly,
  isSchemaName,
  type Logger,
  OptionsError,
  type Rules,
  rule,
  schemaWords,
  silentLogger
} from '../core/index.ts'
import { defaultMaxBatchBytes, leastSessionTimeoutMs } from '../kafka/index.ts'
import { type Meter, noMeter } from '../observability/index.ts'
import { type Catalogue, catalogueRule, type EnvelopeOf, type EventMap } from '../schemas/index.ts'
import { type BreakerOptions, breakerOf, breakerRule, type ResolvedBreaker } from './breaker-options.ts'
import { type DeadLetterTopic, deadLetterTopicOf } from './dead-letters/index.ts'
import { type HandlersByKind, handlersByKind } from './handlers.ts'
import type { InboxOptions } from './inbox/index.ts'
import type { GroupMetrics } from './metrics.ts'
import { isStartFrom } from './places.ts'
import type { Handlers, MessageContext, Middleware, OnFailure, StartFrom } from './types.ts'

/** When a failing message is tried again. */
export interface RetryPolicy extends BackoffOptions {
  /** Attempts before a message is dead-lettered, the first included. Default 5. */
  readonly attempts?: number
}

/** What happens to messages that fail for good, and how the dead-letter topic is made. */
export interface DeadLetterOptions {
  /**
   * `skip`: the message goes to the dead letters, and the next one of its aggregate is handled. `park`: all later messages
   * of the aggregate go there too, in order, until they are redriven. Default `skip`.
   */
  readonly policy?: 'skip' | 'park'
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
  /** What is done around each attempt of each handler; the first one is outermost. Default: nothing. */
  readonly use?: readonly Middleware[]
  /**
   * ms that one attempt may take. Then `context.signal` aborts and the attempt has failed (`HANDLER_TIMEOUT`), whatever
   * the handler does; its aggregate waits until it has ended. Default: as long as it likes.
   */
  readonly timeoutMs?: number
  /**
   * Called once for each event that fails for good, before its dead letter is written, and waited for. `envelope` is
   * undefined where the message could not be read. What it throws is logged and changes nothing.
   */
  readonly onFailure?: (
    error: unknown,
    envelope: EnvelopeOf<Events> | undefined,
    context: MessageContext
  ) => Promise<void> | void
  /** Whether the log may have the messages of errors that handlers throw: they may quote personal data. Default false. */
  readonly logMessages?: boolean
  /** Pauses start at 200 ms and grow to 10 s unless said otherwise. */
  readonly retry?: RetryPolicy
  /** Handlers that run at once. Default 16. */
  readonly concurrency?: number
  /** Messages of a partition that may wait or be uncommitted before it is paused; a fetch may overshoot. Default 1,000. */
  readonly maxUncommitted?: number
  /**
   * Bytes of messages that may be fetched and not finished before nothing more is fetched; what is on its way then still
   * comes: a fetch of each broker, of at most half as much and 8 MiB, or a single batch that is larger. Default 32 MiB.
   */
  readonly maxBytesHeld?: number
  /**
   * Where a group begins that has committed nothing yet. A partition with a committed offset is never moved by it, and
   * partitions and topics that come later are read from their start. Default `earliest`: nothing is left out.
   */
  readonly startFrom?: StartFrom
  /** ms; a killed member's partitions are free after about this long. Default 10,000. */
  readonly sessionTimeoutMs?: number
  /** ms between two commits. Default 1,000. */
  readonly commitIntervalMs?: number
  /** ms between two looks for topics that did not exist yet. Default 3,000. */
  readonly topicRefreshMs?: number
  /** Bytes that a batch of the log may have once it is decompressed; a larger one is dead-lettered whole. Default 64 MiB. */
  readonly maxBatchBytes?: number
  readonly deadLetters?: DeadLetterOptions
  /**
   * When a topic is stopped because most of its latest messages became dead letters. Each member counts for itself.
   * False: never.
   */
  readonly breaker?: BreakerOptions | false
  /** ms for which an attempt of a handler may run before it is reported as hanging. Default 600,000. */
  readonly hangAfterMs?: number
  /** Of your service, at most 100 characters: `eventtrail groups show` and its dead letters have it. Default: none. */
  readonly version?: string
  /**
   * Whether `eventtrail groups` can pause and rewind this member, and sees what it does. Where Kafka does not have the
   * topics for that, or does not let this member at them, it works anyway. Default true.
   */
  readonly control?: boolean
  /** Where `context.once` remembers what was done, and for how long. */
  readonly inbox?: InboxOptions
  /** Default: nothing is logged. */
  readonly log?: Logger
  /** Gets the metrics of a group, see docs/metrics.md. Default: none. */
  readonly meter?: Meter<GroupMetrics>
}

export type ResolvedOptions<Events extends EventMap> = Readonly<
  Required<
    Omit<
      ConsumerGroupOptions<Events>,
      'handlers' | 'retry' | 'deadLetters' | 'breaker' | 'timeoutMs' | 'onFailure' | 'version'
    >
  > & {
    timeoutMs: number | undefined
    onFailure: OnFailure | undefined
    version: string | undefined
    retry: Required<RetryPolicy>
    deadLetters: DeadLetterTopic
    breaker: ResolvedBreaker
    groupId: string
  } & HandlersByKind
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

const isVersion = (value: unknown): boolean => typeof value === 'string' && value.length >= 1 && value.length <= 100

const deadLetterRules: Rules<DeadLetterOptions> = {
  policy: rule.oneOf('skip', 'park'),
  replicationFactor: rule.such(isReplicas, "a whole number from 1, or -1 for the broker's own"),
  retentionMs: rule.wholeNumber(1)
}

const inboxRules: Rules<InboxOptions> = {
  schema: rule.such(isSchemaName, schemaWords),
  keepMs: rule.such(value => typeof value === 'number' && value > 0, 'ms, or Infinity')
}

const groupRules: Rules<ConsumerGroupOptions> = {
  connection: connectionRule,
  topicPrefix: rule.topicPrefix,
  catalogue: catalogueRule,
  group: rule.required(rule.groupName),
  handlers: rule.required(rule.mappings('an object with a handler for at least one event name')),
  use: rule.such(
    value => Array.isArray(value) && value.every(each => typeof each === 'function'),
    'an array of functions of a handler'
  ),
  timeoutMs: rule.duration(1),
  onFailure: rule.function(),
  logMessages: rule.yesOrNo,
  retry: rule.object(retryRules),
  concurrency: rule.wholeNumber(1),
  maxUncommitted: rule.wholeNumber(1),
  maxBytesHeld: rule.wholeNumber(1),
  startFrom: rule.such(isStartFrom, "'earliest', 'latest', a Date, or offsets by topic and partition"),
  sessionTimeoutMs: rule.duration(leastSessionTimeoutMs),
  commitIntervalMs: rule.duration(1),
  topicRefreshMs: rule.duration(100),
  maxBatchBytes: rule.wholeNumber(1),
  deadLetters: rule.object(deadLetterRules),
  breaker: breakerRule,
  hangAfterMs: rule.duration(1),
  version: rule.such(isVersion, 'a text of 1 to 100 characters'),
  control: rule.yesOrNo,
  inbox: rule.object(inboxRules),
  log: rule.logger,
  meter: rule.meter
}

const { handlers: _, ...withoutHandlers } = groupRules

/** The rules of groups that bring their handlers, and their name where none is given. */
export const ownHandlersRules = { ...withoutHandlers, group: rule.groupName }

const day = 24 * 3_600_000

const defaults = {
  inbox: {},
  topicPrefix: '',
  use: [],
  logMessages: false,
  concurrency: 16,
  maxUncommitted: 1_000,
  maxBytesHeld: 32 * 1024 * 1024,
  startFrom: 'earliest' as const,
  sessionTimeoutMs: 10_000,
  commitIntervalMs: 1_000,
  topicRefreshMs: 3_000,
  maxBatchBytes: defaultMaxBatchBytes,
  hangAfterMs: 600_000,
  control: true,
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
  return Object.freeze({
    ...given,
    ...handlersByKind(handlers, catalogue),
    timeoutMs: given.timeoutMs,
    onFailure: given.onFailure as OnFailure | undefined,
    version: given.version,
    retry: retryOf(given.retry ?? {}),
    deadLetters: {
      topic: deadLetterTopicOf(topicPrefix, group),
      policy: 'skip' as const,
      replicationFactor: -1,
      retentionMs: 30 * day,
      ...givenOnly(given.deadLetters ?? {})
    },
    breaker: breakerOf(given.breaker),
    log: given.log.child({ group }),
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
