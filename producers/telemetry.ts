import { type LifeView, notRunning } from '../core/index.ts'
import { type Health, type Meter, Reach } from '../observability/index.ts'
import type { Outcome } from './errors.ts'
import type { ProducerMetrics } from './metrics.ts'
import type { PublisherStats } from './types.ts'

export interface TelemetryParts {
  readonly meter: Meter<ProducerMetrics>
  readonly source: string | undefined
  readonly pingKafka: () => Promise<unknown>
  readonly pingRegistry: () => Promise<unknown>
  readonly buffer: () => Pick<PublisherStats, 'unacknowledged' | 'unacknowledgedBytes'>
}

/** What a producer reports: counts, gauges, and whether its servers are reachable. */
export class ProducerTelemetry {
  readonly kafka: Reach
  readonly registry: Reach
  readonly #parts: TelemetryParts
  readonly #labels: { readonly source: string }
  readonly #removals: readonly (() => void)[]
  #published = 0
  #failed = 0
  #unknown = 0

  constructor(parts: TelemetryParts) {
    this.#parts = parts
    const { meter, source = '', pingKafka, pingRegistry, buffer } = parts
    this.kafka = new Reach({ name: 'Kafka', probe: pingKafka })
    this.registry = new Reach({ name: 'the registry', probe: pingRegistry })
    const labels = { source }
    this.#labels = labels
    this.#removals = [
      meter.gauge('eventtrail_producer_unacknowledged', () => [{ value: buffer().unacknowledged, labels }]),
      meter.gauge('eventtrail_producer_unacknowledged_bytes', () => [{ value: buffer().unacknowledgedBytes, labels }])
    ]
  }

  stats(): PublisherStats {
    const counts = { published: this.#published, failed: this.#failed, unknown: this.#unknown }
    return { ...counts, ...this.#parts.buffer() }
  }

  /** Once for each batch. */
  stored(events: number): void {
    this.kafka.heard(true)
    if (events === 0) return
    this.#published += events
    this.#parts.meter.add('eventtrail_producer_published_total', events, this.#labels)
  }

  failed(outcome: Outcome): void {
    if (outcome === 'failed') this.#failed += 1
    else this.#unknown += 1
    this.#parts.meter.add('eventtrail_producer_failed_total', 1, { ...this.#labels, outcome })
  }

  /** Nothing is probed before the first call. A producer that is new takes events, so it is asked about its servers too. */
  health(life: LifeView): Health {
    if (life.state !== 'running' && life.state !== 'new') return { notReady: notRunning(life), dead: [] }
    this.kafka.watch()
    this.registry.watch()
    return { notReady: [...this.kafka.reasons, ...this.registry.reasons], dead: [] }
  }

  close(): void {
    this.kafka.close()
    this.registry.close()
    for (const remove of this.#removals) remove()
  }
}
