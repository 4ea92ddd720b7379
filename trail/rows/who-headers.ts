import { type Header, HeaderCursor } from '../../kafka/index.ts'
import { isWho, type Who, type WhoName, whoNames } from '../../schemas/index.ts'
import type { CopyBuffer } from './copy-buffer.ts'

const nothing: Buffer = Buffer.alloc(0)
const lengthBytes = 4
const maxSourceLength = 100
const maxActorLength = 255
const traceparentLength = 55
const at = 0x40
const dash = 0x2d

/** 1 for the printable characters of ASCII but for the space. */
const isVisible = Uint8Array.from({ length: 256 }, (_, byte) => Number(byte > 0x20 && byte < 0x7f))
const isHex = Uint8Array.from({ length: 256 }, (_, byte) => Number(/[0-9a-f]/.test(String.fromCharCode(byte))))

/**
 * Who caused an event, taken from the headers of its record and written as columns of its row. A value that breaks
 * `whoRules` becomes null: the event is what the trail must have, whatever another producer put into its headers. Of a
 * header that repeats the last one counts, as in a handler's context.
 */
export class WhoHeaders {
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
        this.#sourceEnd = isSource(bytes, valueStart, valueEnd) ? valueEnd : valueStart
        return
      case actorName.length:
        if (!isNamed(bytes, nameStart, actorName)) return
        this.#actorStart = valueStart
        this.#actorEnd = isActor(bytes, valueStart, valueEnd) ? valueEnd : valueStart
        return
      case traceparentName.length:
        if (!isNamed(bytes, nameStart, traceparentName)) return
        this.#traceStart = valueStart
        this.#traceEnd = isTraceparent(bytes, valueStart, valueEnd) ? valueEnd : valueStart
    }
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
  }

  /** Lets go of the bytes of the last record, and of what was in them. */
  forget(): void {
    this.#clear()
    this.#bytes = nothing
    this.#cursor.set(nothing, 0, 0)
  }

  #clear(): void {
    this.#sourceStart = this.#sourceEnd = 0
    this.#actorStart = this.#actorEnd = 0
    this.#traceStart = this.#traceEnd = 0
  }

  /** Writes the three columns of a row of COPY, in the order of `whoNames`. */
  write(out: CopyBuffer): void {
    out.reserve(3 * lengthBytes + maxSourceLength + maxActorLength + traceparentLength)
    this.#column(out, this.#sourceStart, this.#sourceEnd)
    this.#column(out, this.#actorStart, this.#actorEnd)
    this.#column(out, this.#traceStart, this.#traceEnd)
  }

  // A length of -1 is null. An empty value is one too: no header may be empty.
  #column(out: CopyBuffer, start: number, end: number): void {
    const target = out.bytes
    let to = out.at
    // Of less than 256 bytes: the upper three of the four are those of -1, or 0.
    const length = end === start ? -1 : end - start
    target[to] = target[to + 1] = target[to + 2] = length >> 8
    target[to + 3] = length
    to += lengthBytes
    const source = this.#bytes
    for (let from = start; from < end; from += 1) target[to++] = source[from] as number
    out.at = to
  }
}

const valid = (name: WhoName, value: string | undefined): string =>
  value !== undefined && isWho(name, value) ? value : ''

const [sourceName, actorName, traceparentName] = whoNames.map(name => Buffer.from(name)) as [Buffer, Buffer, Buffer]

function isNamed(bytes: Buffer, start: number, name: Buffer): boolean {
  for (let index = 0; index < name.length; index += 1) if (bytes[start + index] !== name[index]) return false
  return true
}

function isSource(bytes: Buffer, start: number, end: number): boolean {
  if (end - start > maxSourceLength) return false
  for (let index = start; index < end; index += 1) if (isVisible[bytes[index] as number] === 0) return false
  return true
}

function isActor(bytes: Buffer, start: number, end: number): boolean {
  if (end - start > maxActorLength) return false
  for (let index = start; index < end; index += 1) {
    const byte = bytes[index] as number
    if (isVisible[byte] === 0 || byte === at) return false
  }
  return true
}

// Where the parts of a traceparent begin: version, trace id, parent id, flags.
const partsAt = [0, 3, 36, 53] as const

function isTraceparent(bytes: Buffer, start: number, end: number): boolean {
  if (end - start !== traceparentLength) return false
  const [version, traceId, parentId, flags] = partsAt
  return (
    isPart(bytes, start + version, start + traceId - 1) &&
    !(bytes[start] === 0x66 && bytes[start + 1] === 0x66) &&
    bytes[start + traceId - 1] === dash &&
    isPart(bytes, start + traceId, start + parentId - 1) &&
    !isZero(bytes, start + traceId, start + parentId - 1) &&
    bytes[start + parentId - 1] === dash &&
    isPart(bytes, start + parentId, start + flags - 1) &&
    !isZero(bytes, start + parentId, start + flags - 1) &&
    bytes[start + flags - 1] === dash &&
    isPart(bytes, start + flags, end)
  )
}

function isPart(bytes: Buffer, start: number, end: number): boolean {
  for (let index = start; index < end; index += 1) if (isHex[bytes[index] as number] === 0) return false
  return true
}

function isZero(bytes: Buffer, start: number, end: number): boolean {
  for (let index = start; index < end; index += 1) if (bytes[index] !== 0x30) return false
  return true
}
