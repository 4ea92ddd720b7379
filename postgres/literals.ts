import pg from 'pg'
import type { Statement } from './types.ts'

/**
 * The text of a statement with its values in it, for COPY, which takes no parameters.
 * @throws TypeError for a value that is no text, no number and no list of texts
 */
export const withLiterals = ({ text, values = [] }: Pick<Statement, 'text' | 'values'>): string =>
  text.replaceAll(/\$(\d+)/g, (_, place: string) => literalOf(values[Number(place) - 1]))

function literalOf(value: unknown): string {
  if (typeof value === 'string') return pg.escapeLiteral(value)
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  if (Array.isArray(value)) return value.length === 0 ? "'{}'" : `ARRAY[${value.map(literalOf).join(', ')}]`
  throw new TypeError('a value of a statement has no literal')
}
