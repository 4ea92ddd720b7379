import { asCount, asList, checkBrokers, isTopicPrefix, legalCharacters, type Setting } from '../core/index.ts'
import { defaultMaxBatchBytes } from './log/index.ts'
import { securitySettings } from './security/index.ts'

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
  ...securitySettings,
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
