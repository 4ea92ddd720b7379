import { v7 } from 'uuid'
import { Statement, signNote } from '../../../../proof/index.ts'
import { addEntry } from '../../../../trail/index.ts'
import type { TestTrail } from '../../trail.ts'
import { copiedLeaf } from '../copied-leaf.ts'
import { testOrigin, testParties } from '../parties.ts'
import { sealEntries, sealedCheckpoint, writeLog } from '../seal.ts'

/** Writes a log into a folder that has one entry, which accounts for the rows that a trail has of Kafka, one by one. */
export async function sealStored(trail: TestTrail, folder: string): Promise<void> {
  const rows = await trail.rows(
    `SELECT id, event_name, kafka_partition, kafka_offset,
       to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS recorded
     FROM event_envelopes WHERE kafka_offset IS NOT NULL ORDER BY kafka_partition, kafka_offset`
  )
  const { topicPrefix: prefix } = trail
  const client = await trail.db.connect()
  try {
    for (const { id, event_name, kafka_partition, kafka_offset, recorded } of rows) {
      const sign = (text: string): string => signNote(text, testParties.sink)
      const writer = v7()
      const statement = new Statement({ origin: testOrigin, writer, group: `${prefix}sink`, prefix, sign })
      const [first, partition] = [Number(kafka_offset), Number(kafka_partition)]
      const place = { topic: `${prefix}${event_name}`, partition, incarnation: 1, first, last: first }
      const leaves = Buffer.from(await copiedLeaf(trail.databaseUrl, String(id)), 'base64')
      const moment = { recorded: String(recorded), clock: String(recorded) }
      const [entry] = statement.attempt([{ ...place, leaves, aside: [] }], moment).entries
      if (entry) await addEntry(client, { writer, seq: 0, kind: 'batch', entry: entry.entry })
    }
    const entries = await sealEntries(client)
    writeLog(folder, entries, sealedCheckpoint(entries, Math.floor(Date.now() / 1000)))
  } finally {
    client.release()
  }
}
