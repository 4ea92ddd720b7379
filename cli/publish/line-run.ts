import type { Producer } from '../../producers/index.ts'
import { PublishError } from '../../producers/index.ts'
import { type EventMap, type EventVersion, payloadFromJson, SchemaError } from '../../schemas/index.ts'
import { type ExitCode, exitCodes } from '../command.ts'
import { BadLine, parseLine } from './line-event.ts'
import { checkIdentity } from './line-words.ts'
import type { Line } from './lines.ts'
import type { Rejects } from './rejects.ts'

export interface LineRunOptions {
  readonly producer: Producer<EventMap>
  /** What the lines are events of. */
  readonly version: EventVersion
  readonly rejects: Rejects | undefined
  /** Lines longer than this arrive in pieces. */
  readonly maxLineBytes: number
  /** Reports a bad line. */
  readonly say: (line: string) => void
}

export interface LineCounts {
  /** Lines that are not blank. */
  readonly lines: number
  readonly published: number
  readonly bad: number
  /** Good lines that are not in Kafka. */
  readonly failed: number
  /** Good lines that may be in Kafka: they were sent, and no answer came. */
  readonly unknown: number
}

/** Faults of a single line; any other error stops the run. */
const lineFaults = new Set(['PAYLOAD_INVALID', 'ENVELOPE_INVALID', 'TOO_LARGE'])
const linesBetweenPauses = 100

/** Publishes lines one after the other, and keeps count of what became of them. */
export class LineRun {
  /** What ended the run before the lines did. */
  stoppedBy: unknown
  /** The last line that was read to its end, from 1; 0 before the first. */
  lastLine = 0
  readonly #options: LineRunOptions
  #lines = 0
  #published = 0
  #bad = 0
  #failed = 0
  #unknown = 0
  #longLine = 0

  constructor(options: LineRunOptions) {
    this.#options = options
  }

  get counts(): LineCounts {
    const counts = { lines: this.#lines, published: this.#published, bad: this.#bad }
    return { ...counts, failed: this.#failed, unknown: this.#unknown }
  }

  get exitCode(): ExitCode {
    if (this.stoppedBy === undefined) return this.#bad > 0 ? exitCodes.notOk : exitCodes.ok
    const setUp = this.stoppedBy instanceof PublishError && this.stoppedBy.misconfigured
    return setUp ? exitCodes.usage : exitCodes.unavailable
  }

  /** Reads as fast as Kafka takes; resolves when all lines are on their way, or the run is stopped. */
  async take(lines: AsyncIterable<Line>): Promise<void> {
    const { producer, rejects } = this.#options
    for await (const line of lines) {
      if (this.stoppedBy !== undefined) return
      if (line.number % linesBetweenPauses === 0) await producer.ready()
      await rejects?.room()
      if (line.whole) this.#publish(line)
      else this.#passOver(line)
      if (line.end) this.lastLine = line.number
    }
  }

  #publish({ number, bytes }: Line): void {
    if (isBlank(bytes)) return
    this.#lines += 1
    const { producer, version } = this.#options
    try {
      const event = parseLine(number === 1 ? withoutMark(bytes) : bytes)
      checkIdentity(event)
      const { aggregateId, options } = event
      const payload = payloadFromJson(version, event.payload)
      producer.publish(version.eventName, aggregateId, payload, options).then(
        () => {
          this.#published += 1
        },
        error => this.#refused(number, bytes, error)
      )
    } catch (error) {
      const isOfLine = error instanceof BadLine || (error instanceof SchemaError && error.code === 'PAYLOAD_INVALID')
      if (!isOfLine) throw error
      this.#reject(number, error.message, bytes, true)
    }
  }

  #passOver({ number, bytes, end }: Line): void {
    if (number === this.#longLine) {
      this.#options.rejects?.write(bytes, end)
      return
    }
    this.#longLine = number
    this.#lines += 1
    this.#reject(number, `is longer than ${this.#options.maxLineBytes} bytes`, bytes, end)
  }

  #refused(number: number, bytes: Buffer, error: unknown): void {
    if (error instanceof PublishError && lineFaults.has(error.code)) {
      this.#reject(number, error.message, bytes, true)
      return
    }
    if (error instanceof PublishError && error.outcome === 'failed') this.#failed += 1
    else this.#unknown += 1
    this.stoppedBy ??= error
  }

  #reject(number: number, reason: string, bytes: Buffer, end: boolean): void {
    this.#bad += 1
    this.#options.say(`line ${number}: ${reason}`)
    this.#options.rejects?.write(bytes, end)
  }
}

const isBlank = (bytes: Buffer): boolean => bytes.length < 64 && bytes.toString().trim() === ''

/** Some editors put a byte order mark in front of a file. */
const withoutMark = (bytes: Buffer): Buffer =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes
