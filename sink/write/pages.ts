import type { KafkaRecord } from '../../kafka/index.ts'
import type { Chunk, Page, Row } from '../../trail/index.ts'
import { offsetOfRow, rowEnd } from '../../trail/index.ts'
import type { Batch } from './types.ts'

/** The rows of a chunk, one by one: for batches in which something is rare (a duplicate, a bad row). */
export function rowsOf({ buffer }: Batch, chunk: Chunk): Row[] {
  const rows: Row[] = []
  for (const page of chunk.pages) {
    const finder = new RecordFinder(page)
    for (let at = page.start; at < page.end; ) {
      const end = rowEnd(buffer.bytes, at)
      rows.push(new PageRow(chunk, finder, buffer, at, end))
      at = end
    }
  }
  return rows
}

/** Where the rows of some chunks are in the buffer of their batch, in as few ranges as possible. */
export function byteRangesOf(chunks: readonly Chunk[]): { start: number; end: number }[] {
  const ranges: { start: number; end: number }[] = []
  const pages = chunks.flatMap(({ pages }) => pages).sort((a, b) => a.start - b.start)
  for (const { start, end } of pages) {
    const last = ranges.at(-1)
    if (last?.end === start) last.end = end
    else ranges.push({ start, end })
  }
  return ranges
}

/** Nothing is made of its record until it is asked for. */
class PageRow implements Row {
  readonly chunk: Chunk
  readonly buffer: Row['buffer']
  readonly start: number
  readonly end: number
  readonly #finder: RecordFinder

  constructor(chunk: Chunk, finder: RecordFinder, buffer: Row['buffer'], start: number, end: number) {
    this.chunk = chunk
    this.buffer = buffer
    this.start = start
    this.end = end
    this.#finder = finder
  }

  get offset(): number {
    return offsetOfRow(this.buffer.bytes, this.end)
  }

  get record(): KafkaRecord {
    return this.#finder.at(this.offset)
  }
}

/** Finds the record of a row by its offset; it walks the page once, when it is first asked. */
class RecordFinder {
  readonly #page: Page
  #places: Map<number, number> | undefined

  constructor(page: Page) {
    this.#page = page
  }

  at(offset: number): KafkaRecord {
    this.#places ??= this.#walk()
    const place = this.#places.get(offset)
    if (place === undefined) throw new TypeError(`a row of offset ${offset} has no record`)
    return this.#page.records.at(place)
  }

  #walk(): Map<number, number> {
    const places = new Map<number, number>()
    for (const cursor = this.#page.records.cursor(); cursor.next(); ) places.set(cursor.offset, cursor.place)
    return places
  }
}
