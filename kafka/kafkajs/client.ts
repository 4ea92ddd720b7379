import { createRequire } from 'node:module'
import kafkajs, { type Kafka } from 'kafkajs'
import { type Logger, silentLogger } from '../../core/index.ts'
import type { KafkaSecurity } from '../types.ts'
import {
  allowManyTopics,
  allowRawFetches,
  beatWhileFetching,
  endStoppedRunners,
  joinWithoutLeaders,
  limitAnswers,
  measureSteadily,
  startConnectionsEmpty,
  tryingOthers
} from './patches/index.ts'

const { Kafka: KafkaJs, logLevel } = kafkajs

export interface KafkaClientOptions {
  /** `host:port` of at least one broker. */
  readonly brokers: readonly string[]
  /** Shown in the brokers' logs and quotas. Default `eventtrail`. */
  readonly clientId?: string
  readonly security?: KafkaSecurity
  readonly log?: Logger
  /** A request without an answer fails after so many ms. Default 30,000. */
  readonly requestTimeoutMs?: number
}

/** A cluster and how to reach it; opens no connection by itself. */
export interface KafkaClient {
  readonly kafka: Kafka
  readonly brokers: readonly string[]
  readonly log: Logger
}

export function createKafkaClient(options: KafkaClientOptions): KafkaClient {
  const { brokers, clientId = 'eventtrail', security = {}, log = silentLogger, requestTimeoutMs = 30_000 } = options
  quietTimers()
  allowRawFetches()
  allowManyTopics()
  joinWithoutLeaders()
  beatWhileFetching()
  endStoppedRunners()
  startConnectionsEmpty()
  limitAnswers()
  measureSteadily()
  if (security.sasl?.mechanism === 'plain' && !security.ssl)
    log.warn({ ssl: false }, 'the login to Kafka is PLAIN without TLS: the password goes to it unencrypted')
  const kafka = new KafkaJs({
    ...tryingOthers(brokers),
    clientId,
    // The default of one second fails on a busy machine and on any link with a handshake.
    connectionTimeout: 5_000,
    requestTimeout: requestTimeoutMs,
    enforceRequestTimeout: true,
    retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 5 },
    logLevel: logLevel.INFO,
    // What the client says at ERROR is mostly a retry that succeeds; our own parts report what matters.
    logCreator: () => entry => log.debug({ kafkajs: entry.namespace }, entry.log.message),
    ...(security.ssl && { ssl: true }),
    ...(security.sasl && { sasl: security.sasl as { mechanism: 'plain'; username: string; password: string } })
  })
  return Object.freeze({ kafka, brokers, log })
}

interface SentRequest {
  readonly sentAt: number
  readonly requestTimeout: number
  timeoutRequest(): void
}

interface RequestQueue {
  readonly enforceRequestTimeout: boolean
  /** Of the client; a request may have a longer one of its own. */
  readonly requestTimeout: number
  requestTimeoutIntervalId: NodeJS.Timeout | null
  throttledUntil: number
  throttleCheckTimeoutId: NodeJS.Timeout | null
  pending: unknown[]
  readonly inflight: ReadonlyMap<number, SentRequest>
  isConnected(): boolean
  destroy(): void
  scheduleRequestTimeoutCheck(): void
  scheduleCheckPendingRequests(): void
  checkPendingRequests(): void
}

/** ms between two looks for requests that are late: a thirtieth of their time, from kafkajs's own 100 ms to a second. */
export const lateCheckMs = (requestTimeoutMs: number): number =>
  Math.min(requestTimeoutMs, 1_000, Math.max(100, Math.floor(requestTimeoutMs / 30)))

let quieted = false

/**
 * kafkajs 2.2.4 arms a timer with a negative delay on every connection, for ever (its issue #1751): Node 24
 * warns of it and an idle process pays 3-4 % of a core. This arms it only when something waits. Another one wakes the
 * process ten times a second for each connection, to see which requests are late; once a second is often enough.
 */
function quietTimers(): void {
  if (quieted) return
  quieted = true
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as {
    prototype: RequestQueue
  }
  prototype.scheduleRequestTimeoutCheck = function (this: RequestQueue) {
    if (!this.enforceRequestTimeout) return
    this.destroy()
    this.requestTimeoutIntervalId = setInterval(() => {
      const now = Date.now()
      for (const request of this.inflight.values())
        if (now - request.sentAt > request.requestTimeout) request.timeoutRequest()
      if (!this.isConnected()) this.destroy()
    }, lateCheckMs(this.requestTimeout))
  }
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.throttleCheckTimeoutId) return
    const throttledMs = this.throttledUntil - Date.now()
    if (throttledMs <= 0 && this.pending.length === 0) return
    this.throttleCheckTimeoutId = setTimeout(
      () => {
        this.throttleCheckTimeoutId = null
        this.checkPendingRequests()
      },
      Math.max(throttledMs, 10)
    )
  }
}
