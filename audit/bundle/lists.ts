import type { Snapshot } from '../../trail/index.ts'
import type { BundleFolder } from './folder.ts'

const place = 'consumer_group AS "group", topic, partition, incarnation'

/** The lists of a bundle, by their names: each row of a query is a line of JSON. */
const lists = {
  duplicates: `SELECT ${place}, kafka_offset AS "offset", event_id FROM sink_duplicates
    ORDER BY consumer_group, topic, partition, incarnation, kafka_offset`,
  quarantine: `SELECT ${place}, kafka_offset AS "offset", coalesce(kafka_last_offset, kafka_offset) AS last,
      coalesce(first_code, code) AS code, encode(digest, 'hex') AS digest, status
    FROM sink_quarantine ORDER BY consumer_group, topic, partition, incarnation, kafka_offset`,
  gaps: `SELECT ${place}, first_offset AS first, last_offset AS last FROM sink_gaps
    ORDER BY consumer_group, topic, partition, incarnation, first_offset`,
  // In the order of the digest that the entry of the retention has.
  kept: `SELECT e.log_index AS retention, k.event_id, k.topic, k.partition, k.incarnation, k.kafka_offset AS "offset",
      encode(k.leaf, 'base64') AS leaf
    FROM proof_kept k JOIN proof_entries e ON e.number = k.entry
    ORDER BY e.log_index, k.topic COLLATE "C" NULLS LAST, k.partition, k.incarnation, k.kafka_offset, k.event_id`
} as const

export type ListName = keyof typeof lists

const lineBreak = Buffer.from('\n')
const pieceBytes = 1 << 18

/** Writes the lists as they are in the snapshot. @returns how many lines each has @throws UsageError; a database error */
export async function writeLists(snapshot: Snapshot, folder: BundleFolder): Promise<Record<ListName, number>> {
  const counts = { duplicates: 0, quarantine: 0, gaps: 0, kept: 0 }
  for (const name of Object.keys(lists) as ListName[]) {
    const file = await folder.file(`lists/${name}.ndjson`)
    let [parts, bytes]: [Buffer[], number] = [[], 0]
    const write = async () => {
      await file.write(Buffer.concat(parts))
      ;[parts, bytes] = [[], 0]
    }
    await snapshot.copyOut(`SELECT row_to_json(l)::text FROM (${lists[name]}) AS l`, {
      take(row, at) {
        const line = Buffer.from(row.subarray(at[0], at[1]))
        parts.push(line, lineBreak)
        bytes += line.length + 1
        counts[name] += 1
      },
      keepUp: async () => {
        if (bytes > pieceBytes) await write()
      }
    })
    await write()
    await file.end()
  }
  return counts
}
