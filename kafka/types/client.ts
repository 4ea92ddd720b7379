import type { Logger } from '../../core/index.ts'
import type { AdminLine, KafkaAdmin } from './admin.ts'
import type { LogReader } from './log-reader.ts'
import type { GroupConsumer, GroupConsumerOptions } from './member.ts'
import type { KafkaSecurity } from './security.ts'
import type { Sender } from './sender.ts'

/** How brokers see a part of a process, and where its client logs. */
export interface KafkaClientName {
  /** Shown in the brokers' logs and quotas. Default `eventtrail`. */
  readonly clientId?: string
  /** Default: no log. */
  readonly log?: Logger
  /** A request without an answer fails after this many ms. Default 30,000. */
  readonly requestTimeoutMs?: number
}

export interface KafkaClientOptions extends KafkaClientName {
  /** `host:port` of at least one broker. */
  readonly brokers: readonly string[]
  readonly security?: KafkaSecurity
}

/**
 * A Kafka cluster and how to reach it. It opens no connection itself and need not be closed: each part that it makes
 * has its own connections and is closed by the caller. One client can serve all parts of a process, each by `named`.
 *
 * Everything else in this repository talks to Kafka through this interface; `test/conformance/kafka.ts` says what an
 * implementation has to do.
 */
export interface KafkaClient {
  readonly brokers: readonly string[]
  /** The same cluster under another client id and with another log; what is not given stays the same. */
  named(name: KafkaClientName): KafkaClient
  /** @throws KafkaError `KAFKA_UNAVAILABLE`, `KAFKA_AUTHENTICATION` */
  connectAdmin(): Promise<KafkaAdmin>
  /** An admin that connects when it is first asked, and again after a failure. */
  adminLine(): AdminLine
  /** Reads logs without a group. It connects when it is first asked. */
  logReader(): LogReader
  /** @throws KafkaError `KAFKA_UNAVAILABLE`, `KAFKA_AUTHENTICATION`, `NOT_AUTHORIZED` where it may write to no topic */
  connectSender(): Promise<Sender>
  /** A member of a consumer group that does nothing until `start()`. */
  groupConsumer(options: GroupConsumerOptions): GroupConsumer
}
