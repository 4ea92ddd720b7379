import { createRequire } from 'node:module'
import { isIPv6 } from 'node:net'
import kafkajs, { type ISocketFactory } from 'kafkajs'
import { splitBroker } from '../../../core/index.ts'
import { type MetadataAnswer, toleratingNoLeader } from './no-leader.ts'

const require = createRequire(import.meta.url)

/** ms that a broker has for each request of the handshake, where there is another one to try. */
const handshakeMs = 5_000
const handshakes = new Set(['ApiVersions', 'SaslHandshake', 'SaslAuthenticate'])

/** The brokers that a client is told of, those that did not answer last. */
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
let watched = false

/** Whether a connection is one of our clients', by its socket factory. */
export const isOurs = (socketFactory: ISocketFactory): boolean => seedsOf.has(socketFactory)

/**
 * kafkajs stays with a broker that takes the connection and never answers, and asks it nine times for 30 s each; every
 * connection that it makes later begins with that one again.
 * @returns the part of kafkajs's options that makes it try another one instead
 */
export function tryingOthers(brokers: readonly string[]): {
  readonly brokers: () => string[]
  readonly socketFactory: ISocketFactory
} {
  watchConnections()
  const seeds = new Seeds(brokers)
  const socketFactory = (require('kafkajs/src/network/socketFactory') as () => ISocketFactory)()
  seedsOf.set(socketFactory, seeds)
  // Of a list it would take one after the other.
  return { brokers: () => (seeds.next === undefined ? [] : [withoutColons(seeds.next)]), socketFactory }
}

const ipv6Mark = 'ipv6~'

/** kafkajs takes what stands before the first colon for the host (its issue #1589): an address of IPv6 gets there without any. */
function withoutColons(broker: string): string {
  const { host, port } = splitBroker(broker)
  return isIPv6(host) ? `${ipv6Mark}${host.replaceAll(':', '~')}:${port}` : broker
}

function withColons(connection: Connection): void {
  if (!connection.host.startsWith(ipv6Mark)) return
  connection.host = connection.host.slice(ipv6Mark.length).replaceAll('~', ':')
  connection.broker = addressOf(connection)
}

function watchConnections(): void {
  if (watched) return
  watched = true
  const { prototype } = require('kafkajs/src/network/connection') as { prototype: Connection }
  const { connect, send } = prototype
  prototype.connect = async function (this: Connection) {
    withColons(this)
    return await judged(this, () => connect.call(this))
  }
  prototype.send = async function (this: Connection, exchange) {
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
}

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
 * again. This ends it, and with it the attempt: whoever asked tries again with a connection of its own.
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
