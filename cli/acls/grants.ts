import { deadLetterTopicOf, parkedTopicOf, redriveTopicOf } from '../../consumers/index.ts'
import { controlTopicOf, reportsTopicOf } from '../../control/index.ts'
import type { Operation } from '../../kafka/index.ts'
import { defaultGroup } from '../../trail/index.ts'

/** The parts of eventtrail that log in to Kafka, each perhaps as a user of its own. */
export const parts = ['producer', 'sink', 'group', 'indexer', 'notifier', 'register', 'doctor', 'operator'] as const
export type Part = (typeof parts)[number]

/** What a part works on. */
export interface Scope {
  readonly topicPrefix: string
  /** Names of events, without the prefix; empty: every topic of the prefix, also of events that are yet to come. */
  readonly events: readonly string[]
  /** Without the prefix. Default: `sink` for the sink and the doctor, else the name of the part. */
  readonly group?: string | undefined
}

/** What has to be granted on one topic or group, or on all whose names begin alike. */
export interface Grant {
  readonly resource: 'topic' | 'group'
  /** `*` with the pattern `literal`: all that there are. */
  readonly name: string
  readonly pattern: 'literal' | 'prefixed'
  readonly operations: readonly Operation[]
  /** What needs it, as a clause. */
  readonly why: string
}

type GrantsOf = (scope: Scope) => readonly Grant[]

/**
 * The least that each part needs. READ, WRITE and CREATE are all that is asked for by the parts that move events;
 * DESCRIBE comes with READ and with WRITE.
 */
const grants: Readonly<Record<Part, GrantsOf>> = {
  producer: scope =>
    topics(scope, ['WRITE'], 'publishes; brokers before 2.8 also want IDEMPOTENT_WRITE on the cluster'),
  sink: scope => [
    ...topics(scope, ['READ'], 'reads events'),
    groupOf(scope, defaultGroup, ['READ'], 'joins its group and commits offsets')
  ],
  group: scope => groupGrants(scope, 'group'),
  indexer: scope => groupGrants(scope, 'indexer'),
  notifier: scope => groupGrants(scope, 'notifier'),
  register: scope => [
    ...topics(scope, ['CREATE', 'DESCRIBE'], 'creates topics and waits until they have leaders'),
    // The prefix, where all of it is meant, has these two as well.
    ...(scope.events.length > 0 ? ofControl(scope, ['CREATE', 'DESCRIBE'], ['CREATE', 'DESCRIBE']) : [])
  ],
  doctor: scope => [
    ...topics(
      scope,
      ['DESCRIBE', 'DESCRIBE_CONFIGS'],
      '`doctor`, `verify` and `sink reset` compare the logs with the trail; `doctor` reads settings of topics'
    ),
    groupOf(scope, defaultGroup, ['DESCRIBE'], '`doctor` looks who is in the group of the sinks')
  ],
  operator: scope => [
    ...topics(
      scope,
      ['READ', 'DESCRIBE_CONFIGS'],
      '`groups show` reads the time of the first unread record, and how long it is kept'
    ),
    ...ofControl(scope, ['READ', 'WRITE', 'CREATE'], ['READ', 'CREATE']),
    groupsOf(scope, ['DESCRIBE'], '`groups list` and `groups show` look who is in the groups and where they are'),
    ...(scope.group === undefined ? [] : lettersOf(scope.topicPrefix, scope.group))
  ]
}

/** The grants that a part needs, and no others. */
export const grantsOf = (part: Part, scope: Scope): readonly Grant[] => grants[part](scope)

function topics({ topicPrefix, events }: Scope, operations: readonly Operation[], why: string): Grant[] {
  const grant = { resource: 'topic', operations, why } as const
  if (events.length > 0) return events.map(event => ({ ...grant, name: topicPrefix + event, pattern: 'literal' }))
  // Kafka knows no prefix of no letters; this literal is its name for all.
  return [
    topicPrefix === ''
      ? { ...grant, name: '*', pattern: 'literal' }
      : { ...grant, name: topicPrefix, pattern: 'prefixed' }
  ]
}

/** All groups of the prefix, or one. */
function groupsOf({ topicPrefix, group }: Scope, operations: readonly Operation[], why: string): Grant {
  const grant = { resource: 'group', operations, why } as const
  if (group !== undefined) return { ...grant, name: topicPrefix + group, pattern: 'literal' }
  return topicPrefix === ''
    ? { ...grant, name: '*', pattern: 'literal' }
    : { ...grant, name: topicPrefix, pattern: 'prefixed' }
}

/** The topics of `eventtrail groups`. A user with WRITE on the first can pause and rewind every group of the prefix. */
function ofControl(
  { topicPrefix }: Scope,
  control: readonly Operation[],
  reports: readonly Operation[]
): readonly Grant[] {
  const topic = { resource: 'topic', pattern: 'literal' } as const
  const isOrdering = control.includes('WRITE')
  return [
    {
      ...{ ...topic, name: controlTopicOf(topicPrefix), operations: control },
      why: isOrdering
        ? '`groups pause`, `resume` and `rewind` order all groups of the prefix; CREATE only where it does not exist'
        : control.includes('CREATE')
          ? 'creates the topic of orders to groups'
          : 'obeys orders of operators; not needed without them'
    },
    {
      ...{ ...topic, name: reportsTopicOf(topicPrefix), operations: reports },
      why: isOrdering
        ? '`groups show` reads what members report'
        : reports.includes('CREATE')
          ? 'creates the topic of what members report'
          : 'reports what the member does; not needed for its work'
    }
  ]
}

function groupOf({ topicPrefix, group }: Scope, initial: string, operations: readonly Operation[], why: string): Grant {
  return { resource: 'group', name: topicPrefix + (group ?? initial), pattern: 'literal', operations, why }
}

/** What `dead-letters` needs for one group. */
function lettersOf(topicPrefix: string, group: string): readonly Grant[] {
  const name = deadLetterTopicOf(topicPrefix, group)
  const topic = { resource: 'topic', pattern: 'literal' } as const
  return [
    { ...topic, name, operations: ['READ'], why: '`dead-letters` reads them' },
    {
      ...topic,
      name: `${name}-redrive`,
      operations: ['READ', 'WRITE'],
      why: '`dead-letters redrive` writes to it, and reads what an interrupted one has sent; `discard` lets the group resume parked aggregates'
    },
    {
      ...topic,
      name: parkedTopicOf(name),
      operations: ['READ'],
      why: '`dead-letters redrive` and `discard` look which aggregates are parked; not needed without the policy `park`'
    }
  ]
}

function groupGrants(scope: Scope, initial: string): readonly Grant[] {
  const name = deadLetterTopicOf(scope.topicPrefix, scope.group ?? initial)
  const deadLetters = { resource: 'topic', name, pattern: 'literal' } as const
  return [
    ...topics(scope, ['READ'], 'reads events'),
    groupOf(scope, initial, ['READ'], 'joins its group and commits offsets'),
    { ...deadLetters, operations: ['WRITE'], why: 'writes dead letters' },
    {
      ...deadLetters,
      operations: ['CREATE'],
      why: 'creates the topic of its dead letters; not needed where it exists'
    },
    {
      ...{ ...deadLetters, name: redriveTopicOf(name), operations: ['READ', 'CREATE'] },
      why: 'handles dead letters that are redriven; CREATE only where it does not exist; not needed without redrives'
    },
    {
      ...{ ...deadLetters, name: parkedTopicOf(name), operations: ['READ', 'WRITE', 'CREATE'] },
      why: 'keeps what is parked, for the policy `park` alone; CREATE only where it does not exist'
    },
    ...ofControl(scope, ['READ'], ['WRITE'])
  ]
}
