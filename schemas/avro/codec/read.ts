import type { Cursor } from './cursor.ts'

/** Reads one value. @throws MalformedAvro */
export type Read = (cursor: Cursor) => unknown
