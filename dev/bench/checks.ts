import type { Trail } from './database.ts'
import { BenchError } from './errors.ts'
import type { Loaded } from './load/index.ts'

/** What is in a trail after a run. */
export interface Counts {
  readonly rows: number
  readonly distinct: number
  readonly duplicates: number
  readonly undecodable: number
  readonly refused: number
  readonly otherQuarantined: number
  /** Offsets that the ledger's ranges cover. */
  readonly covered: number
  readonly ledgerRows: number
  readonly ledgerDuplicates: number
  readonly ledgerQuarantined: number
  readonly skipped: number
  readonly lost: number
  readonly holes: number
}

export async function countTrail(trail: Trail): Promise<Counts> {
  const [row] = await trail.rows(`
    SELECT (SELECT count(*) FROM event_envelopes) AS rows,
      (SELECT count(DISTINCT id) FROM event_envelopes) AS distinct,
      (SELECT count(*) FROM sink_duplicates) AS duplicates,
      (SELECT count(*) FROM sink_quarantine WHERE code = 'DECODE_FAILED') AS undecodable,
      (SELECT count(*) FROM sink_quarantine WHERE code = 'POSTGRES_REFUSED') AS refused,
      (SELECT count(*) FROM sink_quarantine WHERE code NOT IN ('DECODE_FAILED', 'POSTGRES_REFUSED')) AS "otherQuarantined",
      (SELECT coalesce(sum(last_offset - first_offset + 1), 0) FROM sink_ledger) AS covered,
      (SELECT coalesce(sum(rows), 0) FROM sink_ledger) AS "ledgerRows",
      (SELECT coalesce(sum(duplicates), 0) FROM sink_ledger) AS "ledgerDuplicates",
      (SELECT coalesce(sum(quarantined), 0) FROM sink_ledger) AS "ledgerQuarantined",
      (SELECT coalesce(sum(skipped), 0) FROM sink_ledger) AS skipped,
      (SELECT coalesce(sum(lost), 0) FROM sink_ledger) AS lost,
      (SELECT count(*) FROM sink_ledger_holes) AS holes`)
  return Object.fromEntries(
    Object.entries(row ?? {}).map(([name, value]) => [name, Number(value)])
  ) as unknown as Counts
}

/** Every count that is not what it has to be, as `name: is, should be`; empty when all adds up. */
export function differences(found: Counts, { records, expected }: Pick<Loaded, 'records' | 'expected'>): string[] {
  const quarantined = expected.undecodable + expected.refused
  const wanted: Counts = {
    rows: expected.rows,
    distinct: expected.rows,
    duplicates: expected.duplicates,
    undecodable: expected.undecodable,
    refused: expected.refused,
    otherQuarantined: 0,
    covered: records,
    ledgerRows: expected.rows,
    ledgerDuplicates: expected.duplicates,
    ledgerQuarantined: quarantined,
    skipped: 0,
    lost: 0,
    holes: 0
  }
  return (Object.keys(wanted) as (keyof Counts)[])
    .filter(name => found[name] !== wanted[name])
    .map(name => `${name}: ${found[name]}, should be ${wanted[name]}`)
}

/** @throws BenchError `COUNTS_DIFFER` */
export async function requireTrail(trail: Trail, loaded: Loaded, who: string): Promise<void> {
  const wrong = differences(await countTrail(trail), loaded)
  if (wrong.length > 0) throw new BenchError('COUNTS_DIFFER', `${who}: the trail does not add up: ${wrong.join('; ')}`)
}
