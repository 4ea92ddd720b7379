import { setImmediate as immediately } from 'node:timers/promises'
import type { ConnectionOptions } from '../../connection/index.ts'
import type { Logger } from '../../core/index.ts'
import { pause } from '../../core/index.ts'
import { createProducer } from '../../producers/index.ts'
import { catalogue } from '../../schemas/catalogue/index.ts'
import { withContext } from '../../schemas/index.ts'
import { publishedBy, type SchoolEvent } from './day/index.ts'
import { DemoError } from './errors.ts'
import type { Tally } from './tally.ts'

/** Events between two looks at what else there is to do. */
const turn = 100

export interface PublishOptions {
  readonly connection: ConnectionOptions
  /** Events per second. Default: as fast as it goes. */
  readonly rate?: number
  /** Before this event, counted from 0, it waits for `opened`. */
  readonly gate: { readonly at: number; readonly opened: Promise<void> }
  readonly tally: Tally
  readonly log: Logger
  /** Stops at once; what is not acknowledged then is given up. */
  readonly signal: AbortSignal
}

/**
 * Publishes a day through the SDK, as two services that are not at the same version of `lesson.published`.
 * Resolves when everything is acknowledged or the signal aborted, to the ms that took, without the wait at the gate.
 * @throws DemoError `PUBLISH_FAILED`
 */
export async function publishDay(day: Iterable<SchoolEvent>, options: PublishOptions): Promise<number> {
  const { connection, rate, gate, tally, log, signal } = options
  // A small buffer: the day is to wait for Kafka, and not in memory.
  const common = { connection, catalogue, log, buffer: { maxRecords: 5_000 } }
  await using current = createProducer({ ...common, source: 'school' })
  await using old = createProducer({
    ...common,
    source: 'old-lesson-editor',
    versions: { 'lesson.published': 1 }
  })
  const giveUp = () => void Promise.all([current.close(), old.close()])
  signal.addEventListener('abort', giveUp, { once: true })
  let failure: unknown
  let began = performance.now()
  let number = 0
  for (const event of day) {
    if (number === gate.at) {
      const arrived = performance.now()
      await gate.opened
      began += performance.now() - arrived
    }
    const aheadMs = rate === undefined ? 0 : (number / rate) * 1_000 - (performance.now() - began)
    if (aheadMs > 10) await pause(aheadMs, signal)
    // Publishing needs no I/O until the buffer is full: acknowledgements and the progress get their turn here.
    if (number % turn === 0) await immediately()
    if (signal.aborted || failure !== undefined) break
    const producer = publishedBy(event) === 'old-lesson-editor' ? old : current
    await producer.ready()
    if (signal.aborted) break
    const { eventName, aggregateId, payload, occurredAt, actor, traceparent } = event
    // As a service does once for each request.
    withContext({ actor, traceparent }, () => producer.publish(eventName, aggregateId, payload, { occurredAt })).then(
      receipt => tally.add(event, receipt),
      error => {
        failure ??= error
      }
    )
    number += 1
  }
  await Promise.all([current.drain(), old.drain()])
  signal.removeEventListener('abort', giveUp)
  if (failure !== undefined && !signal.aborted)
    throw new DemoError('PUBLISH_FAILED', 'an event was not acknowledged', failure)
  return performance.now() - began
}
