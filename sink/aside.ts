import type pg from 'pg'
import type { KafkaRecord } from '../kafka/index.ts'
import type { RefusalCode } from './errors.ts'
import type { RowsResult } from './rows.ts'
import { type Chunk, idOf, keyOf, offsetsIn, type Refused } from './types.ts'

/** What is not stored, and why. */
export interface Aside extends Refused {
  readonly chunk: Chunk
}

/** Puts duplicates into their list. */
export async function listDuplicates(
  client: pg.Client,
  group: string,
  { duplicates }: Pick<RowsResult, 'duplicates'>
): Promise<void> {
  if (duplicates.length === 0) return
  await client.query(
    `INSERT INTO sink_duplicates (consumer_group, topic, partition, incarnation, kafka_offset, event_id)
     SELECT $1, * FROM unnest($2::text[], $3::int[], $4::int[], $5::bigint[], $6::uuid[])`,
    [
      group,
      duplicates.map(({ chunk }) => chunk.topic),
      duplicates.map(({ chunk }) => chunk.partition),
      duplicates.map(({ chunk }) => chunk.incarnation),
      duplicates.map(({ offset }) => offset),
      duplicates.map(idOf)
    ]
  )
}

/** What was refused before COPY and what Postgres refused, in the order of the log. */
export function asidesOf(chunks: readonly Chunk[], result: RowsResult): Aside[] {
  const ours = chunks.flatMap(chunk => chunk.refused.map(refused => ({ ...refused, chunk })))
  const theirs = result.refused.map(({ row: { chunk, offset, record }, refusal }) => ({
    chunk,
    offset,
    record,
    refusal
  }))
  return [...ours, ...theirs].sort((a, b) => a.offset - b.offset)
}

/** Bytes of values in one statement: they travel as hexadecimal text, and a text has its limit. */
const bytesAtOnce = 8 * 1024 * 1024

/** Puts bad records into quarantine, where they are kept whole. */
export async function quarantine(client: pg.Client, group: string, asides: readonly Aside[]): Promise<void> {
  for (const part of parts(asides)) {
    await client.query({
      name: 'quarantine',
      text: `
        INSERT INTO sink_quarantine (consumer_group, topic, partition, incarnation, kafka_offset, kafka_last_offset,
          kafka_timestamp, key, value, headers, code, reason, event_id)
        SELECT $1, topic, partition, incarnation, kafka_offset, kafka_last_offset, to_timestamp(ms / 1000), key, value,
          headers, code, reason, event_id
        FROM unnest($2::text[], $3::int[], $4::int[], $5::bigint[], $6::bigint[], $7::double precision[], $8::bytea[],
            $9::bytea[], $10::jsonb[], $11::text[], $12::text[], $13::uuid[])
          AS q(topic, partition, incarnation, kafka_offset, kafka_last_offset, ms, key, value, headers, code, reason,
            event_id)`,
      values: [
        group,
        part.map(({ chunk }) => chunk.topic),
        part.map(({ chunk }) => chunk.partition),
        part.map(({ chunk }) => chunk.incarnation),
        part.map(({ offset }) => offset),
        part.map(({ lastOffset }) => lastOffset ?? null),
        part.map(({ record }) => Math.max(0, record.timestamp)),
        part.map(({ record }) => record.key),
        part.map(({ record }) => record.value),
        part.map(({ record }) => JSON.stringify(headerList(record))),
        part.map(({ refusal }) => refusal.code),
        part.map(({ refusal }) => refusal.reason),
        part.map(({ refusal }) => refusal.eventId ?? null)
      ]
    })
  }
}

function parts(asides: readonly Aside[]): Aside[][] {
  const all: Aside[][] = []
  let bytes = bytesAtOnce
  for (const aside of asides) {
    if (bytes >= bytesAtOnce) {
      all.push([])
      bytes = 0
    }
    all.at(-1)?.push(aside)
    bytes += aside.record.value?.length ?? 0
  }
  return all
}

function headerList({ headers }: KafkaRecord): { key: string; value: string | null }[] {
  return headers.map(([name, value]) => ({
    // Postgres refuses U+0000 in JSON, and a header's name may be any text.
    key: name.replaceAll('\u0000', '\ufffd').toWellFormed(),
    value: value === null ? null : value.toString('base64')
  }))
}

/** How many offsets there are of each code. */
export function countByCode(asides: readonly Aside[]): Map<RefusalCode, number> {
  const counts = new Map<RefusalCode, number>()
  for (const aside of asides) {
    const { code } = aside.refusal
    counts.set(code, (counts.get(code) ?? 0) + offsetsIn(aside))
  }
  return counts
}

/** The partitions that a refusal was found in, with their counts: for logs. */
export function refusalsByCode(asides: readonly Aside[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const aside of asides) {
    const key = `${keyOf(aside.chunk)} ${aside.refusal.code}`
    counts.set(key, (counts.get(key) ?? 0) + offsetsIn(aside))
  }
  return counts
}
