import {
  checkBrokers,
  checkRegistryUrl,
  durationWords,
  faultOf,
  isDuration,
  isTopicPrefix,
  type Logger,
  legalCharacters,
  OptionsError,
  refuseMisspelt,
  silentLogger
} from '../core/index.ts'
import type { KafkaSecurity } from '../kafka/index.ts'
import { type Events, catalogue as example } from '../schemas/catalogue/index.ts'
import type { Catalogue, EventMap, EventName } from '../schemas/index.ts'

export interface ProducerOptions<Map extends EventMap = Events> {
  /** `host:port` of at least one broker. */
  readonly brokers: readonly string[]
  /** The schema registry's Confluent-compatible API. */
  readonly registryUrl: string
  /** The events that may be published. Default: the example catalogue. */
  readonly catalogue?: Catalogue<Map>
  /** Topic = prefix + event name. Default none. */
  readonly topicPrefix?: string
  /** Name of the publishing service, in the header `source` of each event. Default: no such header. */
  readonly source?: string
  /** Versions to publish instead of the latest: `{ 'order.placed': 1 }`. */
  readonly versions?: Readonly<Partial<Record<EventName<Map>, number>>>
  readonly security?: KafkaSecurity
  /** Default: nothing is logged. */
  readonly log?: Logger
  /** ms from one request to the next, unless a batch is full: so long an event waits at most for others. Default 5. */
  readonly lingerMs?: number
  /** Bytes at which a batch of one partition is full. Default 512 KiB. */
  readonly maxBatchBytes?: number
  /** Events at which it is full. Default 1,000. */
  readonly maxBatchMessages?: number
  /**
   * Events that may be unacknowledged: at so many `publishAll` and `ready` wait for room. A `publish` that does not
   * wait for it is refused (`BUFFER_FULL`) at twice as many. Default 100,000.
   */
  readonly bufferMaxMessages?: number
  /** The same in bytes. Default 64 MiB. */
  readonly bufferMaxBytes?: number
  /** ms from the call to `publish` until an event must be acknowledged, all retries included. Default 120,000. */
  readonly deliveryTimeoutMs?: number
  /** ms that a broker may take to answer one request. Default 30,000, at most `deliveryTimeoutMs`. */
  readonly requestTimeoutMs?: number
  /** Size of the largest event with its headers, in bytes; not above the topics' `max.message.bytes`. Default 1 MiB. */
  readonly maxMessageBytes?: number
}

export type ResolvedProducerOptions = Readonly<
  Required<Omit<ProducerOptions, 'catalogue' | 'versions' | 'source'>> & {
    catalogue: Catalogue
    versions: Readonly<Record<string, number | undefined>>
    source: string | undefined
  }
>

/** Fills in the defaults and checks them once. @throws OptionsError */
export function resolveOptions<Map extends EventMap>(options: ProducerOptions<Map>): ResolvedProducerOptions {
  const { deliveryTimeoutMs = 120_000, maxMessageBytes = 1024 * 1024 } = options
  const resolved: ResolvedProducerOptions = {
    brokers: [...options.brokers],
    registryUrl: options.registryUrl,
    catalogue: (options.catalogue ?? example) as Catalogue,
    topicPrefix: options.topicPrefix ?? '',
    source: options.source,
    versions: { ...options.versions },
    security: options.security ?? {},
    log: options.log ?? silentLogger,
    lingerMs: options.lingerMs ?? 5,
    maxBatchBytes: options.maxBatchBytes ?? lesser(512 * 1024, maxMessageBytes),
    maxBatchMessages: options.maxBatchMessages ?? 1_000,
    bufferMaxMessages: options.bufferMaxMessages ?? 100_000,
    bufferMaxBytes: options.bufferMaxBytes ?? 64 * 1024 * 1024,
    deliveryTimeoutMs,
    requestTimeoutMs: options.requestTimeoutMs ?? lesser(30_000, deliveryTimeoutMs),
    maxMessageBytes
  }
  refuseMisspelt(options, Object.keys(resolved))
  check(resolved)
  return Object.freeze(resolved)
}

// Whatever was given for a number: it is looked at afterwards.
const lesser = (most: number, given: number): number => (given < most ? given : most)

function check(options: ResolvedProducerOptions): void {
  const { brokers, registryUrl, topicPrefix, source, versions, catalogue } = options
  const addresses = { brokers: () => checkBrokers(brokers), registryUrl: () => checkRegistryUrl(registryUrl) }
  for (const [name, check] of Object.entries(addresses)) {
    const fault = faultOf(check)
    if (fault !== undefined) throw new OptionsError(name, fault)
  }
  if (!isTopicPrefix(topicPrefix)) throw new OptionsError('topicPrefix', `at most 100 ${legalCharacters}`, topicPrefix)
  if (source !== undefined) checkSource(source)
  checkVersions(versions, catalogue)
  duration(options, 'lingerMs', 0)
  for (const name of ['maxBatchBytes', 'maxBatchMessages', 'bufferMaxMessages', 'bufferMaxBytes'] as const)
    number(options, name, 1)
  number(options, 'maxMessageBytes', 1)
  for (const name of ['deliveryTimeoutMs', 'requestTimeoutMs'] as const) duration(options, name, 1)
  atMost(options, 'maxBatchBytes', 'maxMessageBytes')
  atMost(options, 'maxMessageBytes', 'bufferMaxBytes')
  atMost(options, 'requestTimeoutMs', 'deliveryTimeoutMs')
  if (options.lingerMs >= options.deliveryTimeoutMs)
    throw new OptionsError(
      'lingerMs',
      `less than \`deliveryTimeoutMs\` (${options.deliveryTimeoutMs})`,
      options.lingerMs
    )
}

/** @throws OptionsError */
export function checkSource(source: string): void {
  if (!/^[\x21-\x7e]{1,100}$/.test(source))
    throw new OptionsError('source', 'a name of 1 to 100 printable ASCII characters without spaces', source)
}

/** @throws OptionsError */
export function checkVersions(versions: ResolvedProducerOptions['versions'], catalogue: Catalogue): void {
  for (const [name, version] of Object.entries(versions)) {
    const known = catalogue.eventNames.includes(name) ? catalogue.versions(name).length : 0
    if (known === 0) throw new OptionsError('versions', `about events of the catalogue`, name)
    if (version !== undefined && !(Number.isInteger(version) && version >= 1 && version <= known))
      throw new OptionsError(`versions['${name}']`, `a version from 1 to ${known}`, version)
  }
}

type NumberOption = {
  [Key in keyof ResolvedProducerOptions]: ResolvedProducerOptions[Key] extends number ? Key : never
}[keyof ResolvedProducerOptions]

function number(options: ResolvedProducerOptions, name: NumberOption, minimum: number): void {
  if (!Number.isSafeInteger(options[name]) || options[name] < minimum)
    throw new OptionsError(name, `a whole number from ${minimum}`, options[name])
}

function duration(options: ResolvedProducerOptions, name: NumberOption, least: number): void {
  if (!isDuration(options[name], least)) throw new OptionsError(name, durationWords(least), options[name])
}

function atMost(options: ResolvedProducerOptions, name: NumberOption, bound: NumberOption): void {
  if (options[name] > options[bound])
    throw new OptionsError(name, `at most \`${bound}\` (${options[bound]})`, options[name])
}
