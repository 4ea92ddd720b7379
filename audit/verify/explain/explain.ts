import type { Queries } from '../../../postgres/index.ts'
import type { ChangedStretch } from '../account/index.ts'
import { compareWithRecords, type RecordSource } from './records.ts'
import { type RowVersion, readVersions, writtenLate } from './versions.ts'

/** Rows that are named of a stretch. */
const mostNamed = 5

/** Says in the findings of stretches that were changed which rows it is: exactly where Kafka has their records, or likely. */
export async function explain(
  session: Queries,
  changed: readonly ChangedStretch[],
  kafka: RecordSource | undefined
): Promise<void> {
  const versions = await readVersions(session, changed)
  for (const [index, stretch] of changed.entries()) {
    const own = versions[index] ?? []
    const compared = kafka && (await compareWithRecords(kafka, stretch))
    if (compared) {
      const { differ } = compared
      const rest = stretch.rows.length - compared.compared
      const what =
        differ.length === 0
          ? 'no row whose record Kafka has is another one'
          : `${namesOf(own.filter(({ offset }) => differ.includes(offset)))} not what Kafka has`
      stretch.finding.words += `; ${what}${rest === 0 ? '' : `, and of ${rest} rows Kafka has no record any more`}`
      continue
    }
    if (kafka) stretch.finding.words += '; Kafka has their records no more'
    const late = writtenLate(own, stretch.last)
    // Where most were written late, the times say nothing.
    if (late.length > 0 && late.length <= stretch.rows.length / 2)
      stretch.finding.words += `; likely ${namesOf(late)} changed`
  }
}

function namesOf(rows: readonly RowVersion[]): string {
  const names = rows.slice(0, mostNamed).map(({ id, offset }) => `offset ${offset} (event ${id})`)
  const more = rows.length > mostNamed ? ` and ${rows.length - mostNamed} more` : ''
  return `${names.join(', ')}${more} ${rows.length === 1 ? 'is' : 'are'}`
}
