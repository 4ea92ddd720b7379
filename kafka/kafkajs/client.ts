/// <reference path="./private.d.ts" />
import kafkajs, { type KafkaConfig } from 'kafkajs'
import { silentLogger } from '../../core/index.ts'
import { ReconnectingAdmin } from '../admin-line.ts'
import { TlsOptions, wireName } from '../security/index.ts'
import type { KafkaClientOptions } from '../types/index.ts'
import { connectAdmin } from './admin.ts'
import { Explainer } from './explain.ts'
import { KafkaLogReader } from './log/index.ts'
import { loginBy } from './login.ts'
import { SupervisedConsumer } from './member/index.ts'
import { applyPatches, tryingOthers } from './patches/index.ts'
import { connectSender } from './sender.ts'
import type { KafkajsClient, KafkajsParts } from './types.ts'
import { requirePatchedVersion } from './version.ts'

const { Kafka: KafkaJs, logLevel } = kafkajs

/**
 * A client of kafkajs, which is patched for the whole process when the first one is created.
 * @throws KafkaError `CLIENT_UNSUPPORTED` where another version of kafkajs is installed
 * @throws OptionsError where a certificate, a key or a file of the login cannot be used
 */
export function createKafkaClient(options: KafkaClientOptions): KafkajsClient {
  const { brokers, security = {}, log = silentLogger } = options
  requirePatchedVersion()
  applyPatches()
  const { tls: wanted = false, sasl: login } = security
  if (login && wanted === false && sentAsItIs.has(wireName(login.mechanism)))
    log.warn({ tls: false }, unencrypted(wireName(login.mechanism)))
  const tls = wanted === false ? undefined : new TlsOptions(wanted, log)
  return clientOf(options, {
    ...tryingOthers(brokers, tls && (() => tls.forConnection())),
    ...(tls && { ssl: true }),
    ...(login && { sasl: loginBy(login, log) }),
    explaining: new Explainer(brokers, security, tls)
  })
}

/** Mechanisms that send what a listener could log in with. */
const sentAsItIs = new Set(['PLAIN', 'OAUTHBEARER'])
const unencrypted = (mechanism: string): string =>
  `the login to Kafka is ${mechanism} without TLS: the ${mechanism === 'PLAIN' ? 'password' : 'token'} is sent unencrypted`

/** What all names of a client share: what one finds out about which brokers answer serves the others too. */
interface Shared extends Pick<KafkaConfig, 'brokers' | 'socketFactory' | 'ssl' | 'sasl'> {
  readonly explaining: Explainer
}

function clientOf(options: KafkaClientOptions, shared: Shared): KafkajsClient {
  const { brokers, clientId = 'eventtrail', log = silentLogger, requestTimeoutMs = 30_000 } = options
  const { explaining, ...reach } = shared
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
    logCreator: () => entry => log.debug({ kafkajs: entry.namespace }, entry.log.message)
  })
  const login = options.security?.sasl
  const name = login && 'username' in login ? login.username : undefined
  const principal = typeof name === 'string' ? `User:${name}` : undefined
  const parts: KafkajsParts = { kafka, brokers, log, explaining, principal }
  const adminLine = () => new ReconnectingAdmin(() => connectAdmin(parts))
  return Object.freeze({
    kafka,
    brokers,
    named: name => clientOf({ ...options, ...name }, shared),
    connectAdmin: () => connectAdmin(parts),
    adminLine,
    logReader: () => new KafkaLogReader(parts),
    connectSender: () => connectSender(parts),
    groupConsumer: settings => new SupervisedConsumer(parts, adminLine(), settings)
  } satisfies KafkajsClient)
}
