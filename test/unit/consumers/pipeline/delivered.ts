import type { DeadLetterFacts } from '../../../../consumers/dead-letters/index.ts'
import { createDelivery, type DeliveryOptions } from '../../../../consumers/pipeline/delivery.ts'
import type { RunningCall } from '../../../../consumers/pipeline/measure.ts'
import type { Message } from '../../../../consumers/pipeline/message.ts'
import { AssignedPartition } from '../../../../consumers/progress/assigned-partition.ts'
import { memoryInbox } from '../../../../consumers/testing/memory-inbox.ts'
import { type Clock, type Logger, type LogLevel, machineClock } from '../../../../core/index.ts'
import type { Header } from '../../../../kafka/index.ts'
import type { Envelope } from '../../../../schemas/index.ts'

/** What a test delivers: an event of a name that means nothing. */
export const envelope: Envelope = {
  id: '0190a000-0000-7000-8000-000000000001',
  aggregate_id: '0190a000-0000-7000-8000-000000000002',
  occurred_at: 1n,
  event_name: 'order.placed',
  payload: { quantity: 1 },
  schema_version: 1
}

/** A clock whose timers the test lets run out, the first one first. */
export class HandClock implements Clock {
  readonly waits: number[] = []
  #ms = 0
  readonly #timers: { readonly at: number; readonly work: () => void }[] = []

  now = (): number => this.#ms
  monotonic = (): number => this.#ms
  random = (): number => 0
  turn = (): Promise<void> => machineClock.turn()

  after(ms: number, work: () => void): () => void {
    this.waits.push(ms)
    const timer = { at: this.#ms + ms, work }
    this.#timers.push(timer)
    return () => void this.#timers.splice(this.#timers.indexOf(timer) >>> 0, 1)
  }

  every(): () => void {
    throw new Error('no part of a delivery needs it')
  }

  /** Moves on by so many ms. */
  async pass(ms: number): Promise<void> {
    const end = this.#ms + ms
    for (;;) {
      await machineClock.turn()
      const [next] = this.#timers.toSorted((one, other) => one.at - other.at)
      if (!next || next.at > end) break
      this.#timers.splice(this.#timers.indexOf(next), 1)
      this.#ms = next.at
      next.work()
    }
    this.#ms = end
  }
}

export interface LogLine {
  readonly level: LogLevel
  readonly fields: Readonly<Record<string, unknown>>
  readonly text: string
}

/** A log that keeps its lines. */
export function keepingLog(): Logger & { readonly lines: LogLine[] } {
  const lines: LogLine[] = []
  const at =
    (level: LogLevel) =>
    (fields: object | string, text = ''): void => {
      lines.push({ level, fields: typeof fields === 'string' ? {} : { ...fields }, text: text || String(fields) })
    }
  const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), child: () => log, lines }
  return log as Logger & { readonly lines: LogLine[] }
}

/** A delivery to one handler, with all that it did. */
export function delivered({
  headers = [],
  ...options
}: Partial<DeliveryOptions> & { readonly headers?: readonly Header[] } = {}) {
  const clock = new HandClock()
  const log = keepingLog()
  const calls = new Set<RunningCall>()
  const closing = new AbortController()
  const letters: DeadLetterFacts[] = []
  const rests: string[] = []
  const source = new AssignedPartition('order.placed', 0, closing.signal)
  const message: Message = {
    eventName: 'order.placed',
    lane: 'order.placed k',
    record: { offset: 7, key: Buffer.from('k'), value: Buffer.from('v'), headers, timestamp: 0 },
    source
  }
  const slot = {
    async rest<T>(rest: () => Promise<T>): Promise<T> {
      rests.push('rest')
      const result = await rest()
      rests.push('back')
      return result
    }
  }
  const deliver = createDelivery({
    group: 'readers',
    groupId: 'readers',
    inbox: memoryInbox(),
    decode: async () => structuredClone(envelope),
    handlers: {},
    batchHandlers: new Map(),
    use: [],
    timeoutMs: undefined,
    onFailure: undefined,
    version: undefined,
    logMessages: false,
    retry: { attempts: 3, initialMs: 100, maxMs: 1_000, factor: 2, jitter: 0 },
    calls,
    onRetry: () => undefined,
    onCall: () => undefined,
    async sendDeadLetter(_message, facts) {
      letters.push(facts)
      return []
    },
    unwritten: new Map(),
    closing: closing.signal,
    log,
    clock,
    ...options
  })
  return {
    deliver: async () => deliver(message, slot),
    deliverNow: () => deliver(message, slot),
    clock,
    log,
    calls,
    closing,
    letters,
    rests,
    source
  }
}
