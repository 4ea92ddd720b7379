import {
  asCount,
  asList,
  asOneOf,
  asText,
  checkBrokers,
  isTopicPrefix,
  legalCharacters,
  type Setting
} from '../core/index.ts'
import { defaultMaxBatchBytes } from './log/index.ts'

const mechanisms = { PLAIN: 'plain', 'SCRAM-SHA-256': 'scram-sha-256', 'SCRAM-SHA-512': 'scram-sha-512' } as const
/** As Kafka writes it, or in small letters. */
function saslMechanism(value: string): (typeof mechanisms)[keyof typeof mechanisms] {
  const name = value.trim().toUpperCase()
  if (!Object.hasOwn(mechanisms, name)) throw new Error(`expected one of ${Object.keys(mechanisms).join(', ')}`)
  return mechanisms[name as keyof typeof mechanisms]
}

function topicPrefix(value: string): string {
  if (!isTopicPrefix(value)) throw new Error(`expected at most 100 ${legalCharacters}`)
  return value
}

/** How commands reach Kafka, name topics and create them. */
export const kafkaSettings = {
  brokers: {
    env: 'KAFKA_BROKERS',
    flag: '--brokers <list>',
    help: 'Kafka brokers, host:port or [IPv6]:port, comma-separated',
    parse: (value: string): readonly string[] => checkBrokers(asList(value))
  },
  sasl: {
    env: 'KAFKA_SASL_MECHANISM',
    help: 'PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512, with KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD',
    parse: saslMechanism
  },
  saslUsername: { env: 'KAFKA_SASL_USERNAME', help: 'SASL user name', parse: asText },
  saslPassword: { env: 'KAFKA_SASL_PASSWORD', help: 'SASL password', parse: asText },
  ssl: { env: 'KAFKA_SSL', help: 'true to use TLS with Kafka', parse: asOneOf(['true', 'false'] as const) },
  topicPrefix: {
    env: 'TOPIC_PREFIX',
    flag: '--prefix <text>',
    help: 'prefix of topics and groups: the topic of an event is the prefix and the event name',
    initial: '',
    parse: topicPrefix
  },
  partitions: {
    env: 'TOPIC_PARTITIONS',
    help: 'partitions of topics created by `schemas register`',
    initial: 6,
    parse: asCount
  },
  replicationFactor: {
    env: 'TOPIC_REPLICATION_FACTOR',
    help: 'replicas of topics created by `schemas register` (default: `default.replication.factor` of the brokers)',
    parse: asCount
  },
  minInsyncReplicas: {
    env: 'TOPIC_MIN_INSYNC_REPLICAS',
    help: '`min.insync.replicas` of topics created by `schemas register` (default: that of the brokers)',
    parse: asCount
  },
  retentionMs: {
    env: 'TOPIC_RETENTION_MS',
    help: '`retention.ms` of topics created by `schemas register`',
    initial: 7 * 24 * 3_600_000,
    parse: asCount
  },
  maxBatchBytes: {
    env: 'EVENTTRAIL_MAX_BATCH_BYTES',
    help: 'most bytes of a decompressed batch of the log; a larger batch is quarantined or dead-lettered whole',
    initial: defaultMaxBatchBytes,
    parse: asCount
  }
} as const satisfies Record<string, Setting<unknown>>
