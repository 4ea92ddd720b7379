import { type ConnectionOptions, connectionRule } from '../connection/index.ts'
import {
  checkOptions,
  checkOrder,
  givenOnly,
  type Logger,
  type Rules,
  refuseOldNames,
  rule,
  silentLogger
} from '../core/index.ts'
import { type Meter, noMeter } from '../observability/index.ts'
import { type Catalogue, catalogueRule, type EventMap, type EventName } from '../schemas/index.ts'
import type { ProducerMetrics } from './metrics.ts'
import { checkVersions, versionsRule } from './versions.ts'

/** When the batch of a partition leaves. */
export interface BatchOptions {
  /** Events at which it is full. Default 1,000. */
  readonly maxRecords?: number
  /** Bytes at which it is full. Default 512 KiB, at most `maxMessageBytes`. */
  readonly maxBytes?: number
  /** ms from one request to the next, unless a batch is full: so long an event waits at most for others. Default 5. */
  readonly lingerMs?: number
}

/**
 * What may be unacknowledged: at so much `publishAll` and `ready` wait for room. A `publish` that does not wait for it
 * is refused (`BUFFER_FULL`) at twice as much.
 */
export interface BufferOptions {
  /** Events. Default 100,000. */
  readonly maxRecords?: number
  /** Their size with headers, in bytes. Default 64 MiB, at least `maxMessageBytes`. */
  readonly maxBytes?: number
}

export interface ProducerOptions<Events extends EventMap = EventMap> {
  /** Where Kafka and the schema registry are, or a connection that is shared with other parts of the process. */
  readonly connection: ConnectionOptions
  /** The events that may be published. */
  readonly catalogue: Catalogue<Events>
  /** Topic = prefix + event name. Default none. */
  readonly topicPrefix?: string
  /** Name of the publishing service, in the header `source` of each event. Default: no such header. */
  readonly source?: string
  /** Versions to publish instead of the latest: `{ 'order.placed': 1 }`. */
  readonly versions?: Readonly<Partial<Record<EventName<Events>, number>>>
  /** Default: nothing is logged. */
  readonly log?: Logger
  /** Gets the metrics of a producer, as docs/metrics.md lists them. Default: none are kept. */
  readonly meter?: Meter<ProducerMetrics>
  readonly batch?: BatchOptions
  readonly buffer?: BufferOptions
  /** ms from the call to `publish` until an event must be acknowledged, all retries included. Default 120,000. */
  readonly deliveryTimeoutMs?: number
  /** ms that a broker may take to answer one request. Default 30,000, at most `deliveryTimeoutMs`. */
  readonly requestTimeoutMs?: number
  /** Size of the largest event with its headers, in bytes; not above the topics' `max.message.bytes`. Default 1 MiB. */
  readonly maxMessageBytes?: number
}

export type ResolvedProducerOptions = Readonly<
  Required<Omit<ProducerOptions, 'catalogue' | 'versions' | 'source' | 'batch' | 'buffer'>> & {
    catalogue: Catalogue
    versions: Readonly<Record<string, number | undefined>>
    source: string | undefined
    batch: Readonly<Required<BatchOptions>>
    buffer: Readonly<Required<BufferOptions>>
  }
>

const batchRules: Rules<BatchOptions> = {
  maxRecords: rule.wholeNumber(1),
  maxBytes: rule.wholeNumber(1),
  lingerMs: rule.duration(0)
}

const bufferRules: Rules<BufferOptions> = {
  maxRecords: rule.wholeNumber(1),
  maxBytes: rule.wholeNumber(1)
}

const rules: Rules<ProducerOptions> = {
  connection: connectionRule,
  topicPrefix: rule.topicPrefix,
  catalogue: catalogueRule,
  source: rule.sourceName,
  versions: versionsRule,
  log: rule.logger,
  meter: rule.meter,
  batch: rule.object(batchRules),
  buffer: rule.object(bufferRules),
  deliveryTimeoutMs: rule.duration(1),
  requestTimeoutMs: rule.duration(1),
  maxMessageBytes: rule.wholeNumber(1)
}

/** Checks the options and fills in the defaults. @throws OptionsError */
export function resolveOptions<Events extends EventMap>(options: ProducerOptions<Events>): ResolvedProducerOptions {
  refuseOldNames(options, { bufferMaxMessages: 'buffer.maxRecords', bufferMaxBytes: 'buffer.maxBytes' })
  checkOptions<ProducerOptions>(options as unknown as ProducerOptions, rules)
  const { deliveryTimeoutMs = 120_000, maxMessageBytes = 1024 * 1024 } = options
  const resolved: ResolvedProducerOptions = {
    connection: options.connection,
    catalogue: options.catalogue as unknown as Catalogue,
    topicPrefix: options.topicPrefix ?? '',
    source: options.source,
    versions: { ...options.versions },
    log: options.log ?? silentLogger,
    meter: options.meter ?? noMeter,
    batch: {
      maxRecords: 1_000,
      maxBytes: Math.min(512 * 1024, maxMessageBytes),
      lingerMs: 5,
      ...givenOnly(options.batch ?? {})
    },
    buffer: { maxRecords: 100_000, maxBytes: 64 * 1024 * 1024, ...givenOnly(options.buffer ?? {}) },
    deliveryTimeoutMs,
    requestTimeoutMs: options.requestTimeoutMs ?? Math.min(30_000, deliveryTimeoutMs),
    maxMessageBytes
  }
  checkVersions(resolved.versions, resolved.catalogue)
  const { batch, buffer, requestTimeoutMs } = resolved
  checkOrder(['batch.maxBytes', batch.maxBytes], ['maxMessageBytes', maxMessageBytes])
  checkOrder(['maxMessageBytes', maxMessageBytes], ['buffer.maxBytes', buffer.maxBytes])
  checkOrder(['requestTimeoutMs', requestTimeoutMs], ['deliveryTimeoutMs', deliveryTimeoutMs])
  checkOrder(['batch.lingerMs', batch.lingerMs], ['deliveryTimeoutMs', deliveryTimeoutMs], 'less than')
  return Object.freeze(resolved)
}
