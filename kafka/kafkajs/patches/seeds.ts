import { isIPv6 } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import kafkajs, { type ISocketFactory } from 'kafkajs'
import connectionModule from 'kafkajs/src/network/connection.js'
import socketFactoryModule from 'kafkajs/src/network/socketFactory.js'
import { splitBroker } from '../../../core/index.ts'
import { type MetadataAnswer, toleratingNoLeader } from './no-leader.ts'
import { type Patch, type PrivateClass, patch, replace } from './patch.ts'

/** ms that a broker has for each request of the handshake, where there is another one to try. */
const handshakeMs = 5_000
const handshakes = new Set(['ApiVersions', 'SaslHandshake', 'SaslAuthenticate'])

/** The brokers that a client is given, those that did not answer last. */
export class Seeds {
  readonly #order: string[]

  constructor(brokers: readonly string[]) {
    this.#order = [...brokers]
  }

  /** The one to try next. */
  get next(): string | undefined {
    return this.#order[0]
  }

  get hasOthers(): boolean {
    return this.#order.length > 1
  }

  /** A broker, which need not be one of these, did not answer. */
  failed(broker: string): void {
    const at = this.#order.indexOf(broker)
    if (at >= 0) this.#order.push(...this.#order.splice(at, 1))
  }
}

/** A request and what is made of its answer. */
interface Exchange {
  readonly request: { readonly apiName: string }
  readonly response: { readonly parse: (answer: never) => Promise<unknown> }
}

interface Connection {
  host: string
  /** What its log calls it. */
  broker: string
  readonly port: number
  readonly socketFactory: ISocketFactory
  connect(): Promise<boolean>
  send(protocol: Exchange): Promise<unknown>
  rejectRequests(error: Error): void
  disconnect(): Promise<boolean>
}

// The socket factory is all of a client's own that its connections carry.
const seedsOf = new WeakMap<ISocketFactory, Seeds>()

/** Whether a connection is one of a client of this adapter, by its socket factory. */
export const isOurs = (socketFactory: ISocketFactory): boolean => seedsOf.has(socketFactory)

/**
 * The part of kafkajs's options by which {@link tryOtherBrokers} knows the brokers of a client.
 * @param tls gives the options of TLS, for each connection those of that moment
 */
export function tryingOthers(
  brokers: readonly string[],
  tls?: () => ConnectionOptions
): {
  readonly brokers: () => string[]
  readonly socketFactory: ISocketFactory
} {
  tryOtherBrokers.apply()
  const seeds = new Seeds(brokers)
  const plain = (socketFactoryModule as () => ISocketFactory)()
  const socketFactory: ISocketFactory = args => plain(tls === undefined ? args : { ...args, ssl: tls() })
  seedsOf.set(socketFactory, seeds)
  // Of a list it would take one after the other.
  return { brokers: () => (seeds.next === undefined ? [] : [withoutColons(seeds.next)]), socketFactory }
}

const ipv6Mark = 'ipv6~'

/** kafkajs takes what is before the first colon for the host: an address of IPv6 is handed to it without colons. */
function withoutColons(broker: string): string {
  const { host, port } = splitBroker(broker)
  return isIPv6(host) ? `${ipv6Mark}${host.replaceAll(':', '~')}:${port}` : broker
}

function withColons(connection: Connection): void {
  if (!connection.host.startsWith(ipv6Mark)) return
  connection.host = connection.host.slice(ipv6Mark.length).replaceAll('~', ':')
  connection.broker = addressOf(connection)
}

/** Also makes addresses of IPv6 work, and looks at the metadata that a partition without a leader would fail. */
export const tryOtherBrokers: Patch = patch(
  {
    fixes:
      'kafkajs stays with a broker that takes the connection and never answers, and asks it nine times for 30 s each; every later connection begins with that broker again. It cannot reach a broker by an address of IPv6.',
    issues: [368, 1589]
  },
  () => {
    const { prototype } = connectionModule as PrivateClass<Connection>
    replace(
      prototype,
      'connect',
      connect =>
        async function (this: Connection) {
          withColons(this)
          return await judged(this, () => connect.call(this))
        }
    )
    replace(
      prototype,
      'send',
      send =>
        async function (this: Connection, exchange) {
          const seeds = seedsOf.get(this.socketFactory)
          const { apiName } = exchange.request
          const protocol = seeds !== undefined && apiName === 'Metadata' ? withoutLeadersToo(exchange) : exchange
          const isHandshake = seeds !== undefined && handshakes.has(apiName)
          const late = isHandshake && seeds.hasOthers ? setTimeout(() => giveUp(this), handshakeMs) : undefined
          try {
            return await judged(this, () => send.call(this, protocol))
          } catch (error) {
            if (isHandshake && error instanceof kafkajs.KafkaJSRequestTimeoutError) endHandshake(this, error)
            throw error
          } finally {
            clearTimeout(late)
          }
        }
    )
  }
)

function withoutLeadersToo(exchange: Exchange): Exchange {
  const { parse } = exchange.response as { readonly parse: (answer: MetadataAnswer) => Promise<MetadataAnswer> }
  return { ...exchange, response: { ...exchange.response, parse: toleratingNoLeader(parse) } }
}

function giveUp(connection: Connection): void {
  const broker = addressOf(connection)
  // Of this kind, because then kafkajs turns to another one.
  connection.rejectRequests(new kafkajs.KafkaJSConnectionError('the broker does not answer', { broker }))
  void connection.disconnect().catch(() => undefined)
}

/**
 * kafkajs takes a connection for a good one whose handshake had no answer, and has each question wait there as long
 * again. This ends it, and with it the attempt: the caller tries again with a connection of its own.
 */
function endHandshake(connection: Connection, error: Error & { retriable?: boolean }): void {
  error.retriable = false
  void connection.disconnect().catch(() => undefined)
}

const noAnswer = new Set(['KafkaJSConnectionError', 'KafkaJSRequestTimeoutError'])

async function judged<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Error && noAnswer.has(error.name))
      seedsOf.get(connection.socketFactory)?.failed(addressOf(connection))
    throw error
  }
}

const addressOf = ({ host, port }: Connection): string => (isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`)
