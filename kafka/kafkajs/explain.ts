import { isIP } from 'node:net'
import { splitBroker } from '../../core/index.ts'
import { KafkaError } from '../errors.ts'
import type { Right } from '../rights.ts'
import { mismatch, probePort, type TlsOptions, wireName } from '../security/index.ts'
import type { KafkaSecurity } from '../types/index.ts'
import { chainOf, isOfLogin, protocolErrorOf, toKafkaError } from './errors.ts'

/** ms for which a cluster that answered needs no explanation, and for which one that was asked is not asked again. */
const trustedMs = 60_000
const askAgainMs = 10_000

/** How the words of a failure are found. */
export interface Explaining {
  /**
   * Turns what kafkajs threw into a {@link KafkaError}, and asks the port where kafkajs does not say why.
   * @param asked the rights that the request needs, to name the one that is missing
   */
  explain(thrown: unknown, doing: string, asked?: readonly Right[]): Promise<KafkaError>
  /** A question had an answer. */
  answered(): void
}

/**
 * A broker that is spoken to in another way than its port is meant for cuts the connection off, and says nothing: the
 * same as one that restarts. So the port is asked what it speaks, unless the cluster answered a moment ago.
 */
export class Explainer implements Explaining {
  readonly #brokers: readonly string[]
  readonly #security: KafkaSecurity
  readonly #tls: TlsOptions | undefined
  #answeredAt = Number.NEGATIVE_INFINITY
  readonly #asked = new Map<string, { readonly at: number; readonly fault: ReturnType<typeof mismatch> }>()

  constructor(brokers: readonly string[], security: KafkaSecurity, tls: TlsOptions | undefined) {
    this.#brokers = brokers
    this.#security = security
    this.#tls = tls
  }

  answered(): void {
    this.#answeredAt = performance.now()
  }

  async explain(thrown: unknown, doing: string, asked: readonly Right[] = []): Promise<KafkaError> {
    const isFirst = this.#answeredAt === Number.NEGATIVE_INFINITY
    const error = toKafkaError(thrown, doing, asked, { certificateEnds: this.#tls?.certificateEnds, isFirst })
    const isOpen = error.code === 'KAFKA_UNAVAILABLE' || error.code === 'KAFKA_LOGIN_MISMATCH'
    if (!isOpen || !wasCutOff(thrown) || performance.now() - this.#answeredAt < trustedMs) return error
    const broker = brokerIn(thrown) ?? this.#brokers[0]
    const fault = broker === undefined ? undefined : await this.#faultOf(broker)
    if (fault === undefined) return error
    return new KafkaError(
      fault.code,
      `${doing}: ${fault.words}`,
      thrown,
      error.protocolError,
      isFirst ? {} : { retryable: true }
    )
  }

  async #faultOf(broker: string): Promise<ReturnType<typeof mismatch>> {
    const known = this.#asked.get(broker)
    if (known !== undefined && performance.now() - known.at < askAgainMs) return known.fault
    const { sasl } = this.#security
    const address = splitBroker(broker)
    // As a connection has it: the name that is asked for is that of the host, unless another one is given.
    const tls = { ...(isIP(address.host) === 0 && { servername: address.host }), ...this.#tls?.forConnection() }
    // What keeps a probe from being made says nothing about the failure that is explained.
    const facts = await probePort(address, tls, sasl && wireName(sasl.mechanism)).catch(() => undefined)
    const fault = facts && mismatch(facts, this.#security, broker)
    this.#asked.set(broker, { at: performance.now(), fault })
    return fault
  }
}

/** These say by themselves that there is no broker. */
const unreachable = new Set(['EAI_AGAIN', 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'ETIMEDOUT'])

function wasCutOff(thrown: unknown): boolean {
  if (isOfLogin(protocolErrorOf(thrown))) return true
  for (const error of chainOf(thrown)) {
    if ('code' in error && unreachable.has(String(error.code))) return false
    // It took the connection, or not even that, and said nothing: it would say nothing to a probe.
    if (/timeout|does not answer/i.test(error.message)) return false
    if (/^KafkaJS(Connection|ConnectionClosed)Error$/.test(error.name)) return true
    if (error.name === 'KafkaJSSASLAuthenticationError' || error.name === 'KafkaJSBrokerNotFound') return true
  }
  return false
}

/** kafkajs writes addresses of IPv6 without brackets, which cannot be read again. */
const plainAddress = /^[^:]+:\d+$/

function brokerIn(thrown: unknown): string | undefined {
  for (const error of chainOf(thrown))
    if ('broker' in error && typeof error.broker === 'string' && plainAddress.test(error.broker)) return error.broker
  return undefined
}
