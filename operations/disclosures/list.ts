import { type Queries, query } from '../../postgres/index.ts'
import { personId } from './persons.ts'

/** A disclosure as it is listed: without content, and without what was asked for where that may name a person. */
export interface ListedDisclosure {
  readonly number: number
  readonly beganAt: Date
  readonly endedAt: Date | null
  readonly actor: string
  readonly login: string
  readonly tool: string
  readonly party: string
  readonly purpose: string
  readonly basis: string
  /** Whether 34 CFR 99.32 asks for it in the record of a person. */
  readonly listed: boolean
  /** What became of it: `open` is given at the moment, or its process was killed; it counts as given in full. */
  readonly status: 'open' | 'complete' | 'broken off'
  /** Events that were given; null for one without an end. */
  readonly rows: number | null
  /** Those of them that concern the person who was asked for; null where no one was, and where it is not known. */
  readonly events: number | null
  /** Rows of which the persons are not known; null for one without an end. */
  readonly unattributed: number | null
  readonly bytes: number | null
  /** Of the file, in hexadecimal digits. */
  readonly sha256: string | null
}

export interface DisclosureList {
  /** Only those that concern this person, and those that may: without an end, or with rows of unknown persons. */
  readonly person?: string
  /** At most so many. */
  readonly limit: number
  /** Only those with a smaller number. Default: from the latest on. */
  readonly before?: number
}

const columns = `d.number, d.began_at, d.ended_at, d.actor, d.login, d.tool, d.party, d.purpose, d.basis, d.listed,
  d.complete, d.rows, d.unattributed, d.bytes, encode(d.sha256, 'hex') AS sha256`

/** The disclosures, the latest first. @throws PostgresError */
export async function listDisclosures(
  database: Queries,
  { person, limit, before }: DisclosureList
): Promise<ListedDisclosure[]> {
  const rows = await query(
    { query: async (text, values) => await database.query(text, values) },
    `SELECT ${columns}, s.events FROM disclosures d LEFT JOIN LATERAL (
       SELECT sum(events) AS events FROM disclosure_subjects WHERE subject = $1 AND disclosure = d.number
     ) s ON $1::text IS NOT NULL
     WHERE ($1::text IS NULL OR s.events > 0 OR d.ended_at IS NULL OR d.unattributed > 0)
       AND ($2::bigint IS NULL OR d.number < $2)
     ORDER BY d.number DESC LIMIT $3`,
    [person === undefined ? null : personId(person), before ?? null, limit]
  )
  return rows.map(toListed)
}

function toListed(row: Readonly<Record<string, unknown>>): ListedDisclosure {
  const count = (value: unknown) => (value === null ? null : Number(value))
  return {
    number: Number(row.number),
    beganAt: row.began_at as Date,
    endedAt: row.ended_at as Date | null,
    actor: String(row.actor),
    login: String(row.login),
    tool: String(row.tool),
    party: String(row.party),
    purpose: String(row.purpose),
    basis: String(row.basis),
    listed: row.listed === true,
    status: row.ended_at === null ? 'open' : row.complete === true ? 'complete' : 'broken off',
    rows: count(row.rows),
    events: count(row.events),
    unattributed: count(row.unattributed),
    bytes: count(row.bytes),
    sha256: row.sha256 === null ? null : String(row.sha256)
  }
}
