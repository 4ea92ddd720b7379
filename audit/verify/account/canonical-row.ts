import { canonicalJson, composeRow, parseRow } from '../../../proof/index.ts'

/** The row with its payload in canonical JSON: for a Postgres that prints `jsonb` in another form. */
export function canonicalRow(bytes: Buffer): Buffer {
  const { row } = parseRow(bytes)
  return composeRow({ ...row, payload: canonicalJson(row.payload) })
}
