/// <reference path="./private.d.ts" />
import kafkajs from 'kafkajs'
import { silentLogger } from '../../core/index.ts'
import { ReconnectingAdmin } from '../admin-line.ts'
import type { KafkaClientOptions } from '../types/index.ts'
import { connectAdmin } from './admin.ts'
import { SupervisedConsumer } from './member/index.ts'
import { applyPatches, tryingOthers } from './patches/index.ts'
import { connectSender } from './sender.ts'
import type { KafkajsClient, KafkajsParts } from './types.ts'
import { requirePatchedVersion } from './version.ts'

const { Kafka: KafkaJs, logLevel } = kafkajs

/**
 * A client of kafkajs, which is patched for the whole process when the first one is created.
 * @throws KafkaError `CLIENT_UNSUPPORTED` where another version of kafkajs is installed
 */
export function createKafkaClient(options: KafkaClientOptions): KafkajsClient {
  const { brokers, security, log = silentLogger } = options
  requirePatchedVersion()
  applyPatches()
  if (security?.sasl?.mechanism === 'plain' && !security.ssl)
    log.warn({ ssl: false }, 'the login to Kafka is PLAIN without TLS: the password is sent unencrypted')
  return clientOf(options, tryingOthers(brokers))
}

/** @param reach shared by all names of a client: what one finds out about which brokers answer serves the others too */
function clientOf(options: KafkaClientOptions, reach: ReturnType<typeof tryingOthers>): KafkajsClient {
  const { brokers, clientId = 'eventtrail', security = {}, log = silentLogger, requestTimeoutMs = 30_000 } = options
  const kafka = new KafkaJs({
    ...reach,
    clientId,
    // The default of one second fails on a busy machine and on any link with a handshake.
    connectionTimeout: 5_000,
    requestTimeout: requestTimeoutMs,
    enforceRequestTimeout: true,
    retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 5 },
    logLevel: logLevel.INFO,
    // What the client says at ERROR is mostly a retry that succeeds; the parts of this adapter report what matters.
    logCreator: () => entry => log.debug({ kafkajs: entry.namespace }, entry.log.message),
    ...(security.ssl && { ssl: true }),
    ...(security.sasl && { sasl: security.sasl as { mechanism: 'plain'; username: string; password: string } })
  })
  const { sasl } = security
  const principal = sasl && 'username' in sasl ? `User:${sasl.username}` : undefined
  const parts: KafkajsParts = { kafka, brokers, log, principal }
  const adminLine = () => new ReconnectingAdmin(() => connectAdmin(parts))
  return Object.freeze({
    kafka,
    brokers,
    named: name => clientOf({ ...options, ...name }, reach),
    connectAdmin: () => connectAdmin(parts),
    adminLine,
    connectSender: () => connectSender(parts),
    groupConsumer: settings => new SupervisedConsumer(parts, adminLine(), settings)
  } satisfies KafkajsClient)
}
