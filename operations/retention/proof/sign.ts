import type { Queries } from '../../../postgres/index.ts'
import { keptDigest, maxEntryTextBytes } from '../../../proof/index.ts'
import type { ChangeEntries } from '../../../trail/index.ts'
import type { Month } from '../month.ts'
import { uuidOf } from './account.ts'
import type { DroppedRows, KeptLeaf, MonthProof } from './look.ts'

// The numbers of a line at their longest, and half of an entry for what else is in it.
const numberBytes = 90
const mostBytes = maxEntryTextBytes / 2
const mostAtOnce = 5_000

/**
 * Says in entries which rows of a month go, and keeps the leaves of those whose entries have other rows.
 * @throws ProofError; a database error
 */
export async function signRemoval(
  client: Queries,
  entries: ChangeEntries,
  month: Month,
  { rows, dropped, kept }: MonthProof
): Promise<void> {
  const parts = partsOf(dropped)
  const ofBus = rows - dropped.reduce((sum, each) => sum + each.rows, 0)
  const bounds = { from: timeOf(month.start), to: timeOf(month.end) }
  for (const [index, part] of parts.entries()) {
    const ofPart = part.reduce((sum, each) => sum + each.rows, index === 0 ? ofBus : 0)
    const leaves = index === 0 ? kept : []
    const digest = keptDigest(Buffer.concat(leaves.map(({ leaf }) => leaf)))
    const number = await entries.add({
      ...{ kind: 'retention', month: month.name, bounds, rows: ofPart, dropped: part },
      kept: { leaves: leaves.length, digest }
    })
    for (let from = 0; from < leaves.length; from += mostAtOnce)
      await keep(client, number, leaves.slice(from, from + mostAtOnce))
  }
}

/** At least one part, which has what is not of Kafka. */
function partsOf(dropped: readonly DroppedRows[]): (readonly DroppedRows[])[] {
  const parts: DroppedRows[][] = [[]]
  let bytes = 0
  for (const each of dropped) {
    bytes += each.topic.length + numberBytes
    if (bytes > mostBytes) {
      parts.push([])
      bytes = each.topic.length + numberBytes
    }
    parts.at(-1)?.push(each)
  }
  return parts
}

const timeOf = (date: Date): string => date.toISOString().replace('Z', '000Z')

async function keep(client: Queries, entry: number, leaves: readonly KeptLeaf[]): Promise<void> {
  await client.query(
    `INSERT INTO proof_kept (entry, event_id, topic, partition, incarnation, kafka_offset, leaf)
     SELECT $1, * FROM unnest($2::uuid[], $3::text[], $4::int[], $5::int[], $6::bigint[], $7::bytea[])`,
    [
      entry,
      leaves.map(({ id }) => uuidOf(id)),
      leaves.map(({ place }) => place?.topic ?? null),
      leaves.map(({ place }) => place?.partition ?? null),
      leaves.map(({ place }) => place?.incarnation ?? null),
      leaves.map(({ offset }) => offset?.toString() ?? null),
      leaves.map(({ leaf }) => leaf)
    ]
  )
}
