import { OptionsError } from '../../../core/index.ts'

/** The place of a hit in the order of hits. */
export interface Cursor {
  /** As its server writes it. */
  readonly score: string
  /** Microseconds since 1970. */
  readonly occurredAt: string
  readonly id: string
}

/** A text that callers hand back as it is. */
export const cursorText = ({ score, occurredAt, id }: Cursor): string =>
  Buffer.from(JSON.stringify([score, occurredAt, id])).toString('base64url')

/** @throws OptionsError for a text that was not made by {@link cursorText} */
export function readCursor(text: string | undefined): Cursor | undefined {
  if (text === undefined) return undefined
  try {
    const [score, occurredAt, id] = JSON.parse(Buffer.from(text, 'base64url').toString()) as unknown[]
    const numeric = (value: unknown): value is string => typeof value === 'string' && Number.isFinite(Number(value))
    if (numeric(score) && numeric(occurredAt) && /^\d+$/.test(occurredAt) && typeof id === 'string')
      return { score, occurredAt, id }
  } catch {
    // Said below.
  }
  throw new OptionsError('after', '`next` of an earlier page of the same search')
}
