import { composeRow, leafOf, rowForm, WideTree } from '../../proof/index.ts'
import type { TrailRow } from '../rows/index.ts'
import type { EntryBody } from './prover.ts'

/** Rows of one entry at most: a verifier has to hold them all at once. */
const mostRows = 500

/** What entries say of rows of the in-process bus, as they are stored: without coordinates in Kafka. */
export function busEntries(rows: readonly TrailRow[]): EntryBody[] {
  // As text they are in the order of their bytes.
  const sorted = rows.toSorted((one, other) => (one.id < other.id ? -1 : 1))
  const entries: EntryBody[] = []
  for (let from = 0; from < sorted.length; from += mostRows) entries.push(entryOf(sorted.slice(from, from + mostRows)))
  return entries
}

function entryOf(rows: readonly TrailRow[]): EntryBody {
  const tree = new WideTree()
  for (const row of rows) tree.append(leafOf(composeRow({ ...row, partition: null, offset: null })))
  const root = (tree.root() as Buffer).toString('base64')
  return { kind: 'bus', form: rowForm, root, id: rows.map(({ id }) => shortId(id)).sort() }
}

/** A UUID as entries have it in bulk. */
const shortId = (id: string): string => Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url')
