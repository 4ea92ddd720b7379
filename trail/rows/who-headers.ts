import { type Header, HeaderCursor } from '../../kafka/index.ts'
import { isWho, type Who, type WhoName, whoNames } from '../../schemas/index.ts'
import type { CopyBuffer } from './copy-buffer.ts'

const nothing: Buffer = Buffer.alloc(0)
const lengthBytes = 4
const maxSourceLength = 100
const maxActorLength = 255
const traceparentLength = 55

/** What each byte counts in a text of the printable characters of ASCII but for the space and others: 0, or 1 where it is not one. */
const outside = (...others: string[]): Uint8Array =>
  Uint8Array.from({ length: 256 }, (_, byte) =>
    Number(byte <= 0x20 || byte >= 0x7f || others.includes(String.fromCharCode(byte)))
  )
const notOfSource = outside()
const notOfActor = outside('@')

// In a traceparent: a hexadecimal digit counts nothing, a dash 1, and any other byte more than all dashes.
const traceCounts = Uint8Array.from({ length: 256 }, (_, byte) => {
  const letter = String.fromCharCode(byte)
  if (letter === '-') return 1
  return /[0-9a-f]/.test(letter) ? 0 : 64
})
const dash = 0x2d
const [zero, f] = [0x30, 0x66]
// Where the dashes are, and with them the ends of version, trace id and parent id.
const [versionEnd, traceIdEnd, parentIdEnd] = [2, 35, 52]

/**
 * Who caused an event, taken from the headers of its record and written as columns of its row. A value that breaks
 * `whoRules` becomes null: the event is what the trail must have, whatever another producer put into its headers. Of a
 * header that repeats the last one counts, as in a handler's context.
 */
export class WhoHeaders {
  /** Whether the record has none of the three headers: all columns are null. */
  isEmpty = true
  readonly #cursor = new HeaderCursor()
  #bytes = nothing
  #sourceStart = 0
  #sourceEnd = 0
  #actorStart = 0
  #actorEnd = 0
  #traceStart = 0
  #traceEnd = 0

  /** Of the record whose headers are at `start` to `end`. They must stay as they are until {@link write}. */
  read(bytes: Buffer, start: number, end: number): void {
    this.#clear()
    // Most records that have no headers end with their number, 0.
    if (end - start <= 1) return
    this.#bytes = bytes
    const cursor = this.#cursor
    cursor.set(bytes, start, end)
    while (cursor.next()) this.#consider(cursor)
    if (!cursor.isWhole) this.#clear()
  }

  #consider({ nameStart, nameEnd, valueStart, valueEnd }: HeaderCursor): void {
    const bytes = this.#bytes
    switch (nameEnd - nameStart) {
      case sourceName.length:
        if (!isNamed(bytes, nameStart, sourceName)) return
        this.#sourceStart = valueStart
        this.#sourceEnd = valueEnd
        break
      case actorName.length:
        if (!isNamed(bytes, nameStart, actorName)) return
        this.#actorStart = valueStart
        this.#actorEnd = valueEnd
        break
      case traceparentName.length:
        if (!isNamed(bytes, nameStart, traceparentName)) return
        this.#traceStart = valueStart
        this.#traceEnd = valueEnd
        break
      default:
        return
    }
    this.isEmpty = false
  }

  /** Of a record that is kept outside of its log. */
  take(headers: readonly Header[]): void {
    const last = new Map(headers.map(([name, value]) => [name, value?.toString('latin1')]))
    this.set({
      source: last.get('source'),
      actor: last.get('actor'),
      traceparent: last.get('traceparent')
    })
  }

  /** As given. */
  set(who: Who): void {
    const [source, actor, traceparent] = whoNames.map(name => valid(name, who[name])) as [string, string, string]
    this.#bytes = Buffer.from(source + actor + traceparent, 'latin1')
    this.#sourceStart = 0
    this.#sourceEnd = this.#actorStart = source.length
    this.#actorEnd = this.#traceStart = source.length + actor.length
    this.#traceEnd = this.#bytes.length
    this.isEmpty = false
  }

  /** Lets go of the bytes of the last record, and of what was in them. */
  forget(): void {
    this.#clear()
    this.#bytes = nothing
    this.#cursor.set(nothing, 0, 0)
  }

  #clear(): void {
    this.isEmpty = true
    this.#sourceStart = this.#sourceEnd = 0
    this.#actorStart = this.#actorEnd = 0
    this.#traceStart = this.#traceEnd = 0
  }

  /** Writes the three columns of a row of COPY, in the order of `whoNames`. */
  write(out: CopyBuffer): void {
    out.reserve(3 * lengthBytes + maxSourceLength + maxActorLength + traceparentLength)
    this.#text(out, this.#sourceStart, this.#sourceEnd, maxSourceLength, notOfSource)
    this.#text(out, this.#actorStart, this.#actorEnd, maxActorLength, notOfActor)
    this.#trace(out, this.#traceStart, this.#traceEnd)
  }

  // Values are checked while they are copied: nearly all are right, and each byte is looked at once.
  #text(out: CopyBuffer, start: number, end: number, most: number, counts: Uint8Array): void {
    const { bytes: target, at } = out
    const source = this.#bytes
    const length = end - start
    if (length <= 0 || length > most) {
      writeNull(out)
      return
    }
    let wrong = 0
    for (let index = 0; index < length; index += 1) {
      const byte = source[start + index] as number
      target[at + lengthBytes + index] = byte
      wrong |= counts[byte] as number
    }
    if (wrong === 0) writeLength(out, length)
    else writeNull(out)
  }

  #trace(out: CopyBuffer, start: number, end: number): void {
    const { bytes: target, at } = out
    const source = this.#bytes
    if (end - start !== traceparentLength) {
      writeNull(out)
      return
    }
    let count = 0
    for (let index = 0; index < traceparentLength; index += 1) {
      const byte = source[start + index] as number
      target[at + lengthBytes + index] = byte
      count += traceCounts[byte] as number
    }
    const isValid =
      count === 3 &&
      source[start + versionEnd] === dash &&
      source[start + traceIdEnd] === dash &&
      source[start + parentIdEnd] === dash &&
      !(source[start] === f && source[start + 1] === f) &&
      !isZero(source, start + versionEnd + 1, start + traceIdEnd) &&
      !isZero(source, start + traceIdEnd + 1, start + parentIdEnd)
    if (isValid) writeLength(out, traceparentLength)
    else writeNull(out)
  }
}

/** Ends a column whose bytes are written after the place of its length, which is less than 256. */
function writeLength(out: CopyBuffer, length: number): void {
  const { bytes, at } = out
  bytes[at] = bytes[at + 1] = bytes[at + 2] = 0
  bytes[at + 3] = length
  out.at = at + lengthBytes + length
}

/** A length of -1. An empty value is null too: no header may be empty. */
function writeNull(out: CopyBuffer): void {
  const { bytes, at } = out
  bytes[at] = bytes[at + 1] = bytes[at + 2] = bytes[at + 3] = 0xff
  out.at = at + lengthBytes
}

const valid = (name: WhoName, value: string | undefined): string =>
  value !== undefined && isWho(name, value) ? value : ''

const [sourceName, actorName, traceparentName] = whoNames.map(name => Buffer.from(name)) as [Buffer, Buffer, Buffer]

function isNamed(bytes: Buffer, start: number, name: Buffer): boolean {
  for (let index = 0; index < name.length; index += 1) if (bytes[start + index] !== name[index]) return false
  return true
}

function isZero(bytes: Buffer, start: number, end: number): boolean {
  for (let index = start; index < end; index += 1) if (bytes[index] !== zero) return false
  return true
}
