import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import {
  type Chunk,
  composeEntry,
  composeRow,
  type Entry,
  leavesOf,
  makeKey,
  parseSigner,
  type Signer,
  Statement,
  signerText,
  signNote
} from '../../../proof/index.ts'
import { extendEntries, momentOf, sayProved } from '../../../trail/index.ts'

/** The name of the log. */
export const origin = 'bench.example/trail'
const group = 'sink'
const partitions = 6
const events = ['badge.awarded', 'lesson.published', 'quiz.submitted']

export interface BenchKeys {
  readonly root: Signer
  readonly log: Signer
  readonly sink: Signer
}

const keyOf = (name: string): Signer => parseSigner(signerText(name, makeKey()))
export const makeKeys = (): BenchKeys => ({
  root: keyOf(`${origin}/root`),
  log: keyOf(origin),
  sink: keyOf(`${origin}/sink-1`)
})

/** Turns the proof on: the log begins with the key of the sink. */
export async function beginProof(client: pg.Client, { root, sink }: BenchKeys): Promise<void> {
  await client.query('INSERT INTO proof_settings (origin) VALUES ($1)', [origin])
  const head = { origin, writer: randomUUID(), seq: 0, previous: null }
  const moment = await momentOf(client, Date.now())
  const entry: Entry = { ...head, kind: 'key', ...moment, add: [{ key: sink.vkey, role: 'sink' }], revoke: [] }
  const stored = { writer: head.writer, seq: 0, entry: signNote(composeEntry(entry), root), open: false }
  await extendEntries(client, 'key', [stored])
}

/** Rows as a sink stores them: by COPY, a transaction for a batch of all partitions, with their statement. */
export class Filler {
  readonly #client: pg.Client
  readonly #statement: Statement
  readonly #stretchRows: number
  #next = 0
  #id = 0

  /** @param stretchRows rows of a partition in one transaction */
  constructor(client: pg.Client, { sink }: BenchKeys, stretchRows: number) {
    this.#client = client
    this.#stretchRows = stretchRows
    const sign = (text: string): string => signNote(text, sink)
    this.#statement = new Statement({
      origin,
      writer: randomUUID(),
      group,
      prefix: '',
      sign,
      limits: { rows: this.rowsAtOnce }
    })
  }

  /** Rows of one transaction. */
  get rowsAtOnce(): number {
    return events.length * partitions * this.#stretchRows
  }

  /** Stores one batch. @returns how many rows it has */
  async store(): Promise<number> {
    await this.#client.query('BEGIN')
    await sayProved(this.#client)
    const chunks: Chunk[] = []
    const copy = this.#client.query(copyFrom(copyRows))
    copy.write(head)
    for (const eventName of events)
      for (let partition = 0; partition < partitions; partition += 1) {
        const { bytes, ends } = this.#rows(eventName, partition)
        copy.write(bytes)
        const [first, last] = [this.#next, this.#next + this.#stretchRows - 1]
        const place = { topic: eventName, partition, incarnation: 1 }
        chunks.push({ ...place, first, last, leaves: leavesOf(bytes, 0, ends), aside: [] })
      }
    await new Promise<void>((resolve, reject) => {
      copy.on('finish', resolve).on('error', reject)
      copy.end(Buffer.of(0xff, 0xff))
    })
    await this.#book(chunks)
    const attempt = this.#statement.attempt(chunks, await momentOf(this.#client, Date.now()))
    await extendEntries(this.#client, 'batch', attempt.entries)
    await this.#client.query('COMMIT')
    this.#statement.stored(attempt)
    this.#next += this.#stretchRows
    return this.rowsAtOnce
  }

  /** The rows of a stretch, each a copy of one with another id, aggregate and offset. */
  #rows(eventName: string, partition: number): { bytes: Buffer; ends: number[] } {
    const row = composeRow({ ...sample, eventName, partition, occurredAt: BigInt(Date.now()) * 1_000n })
    const bytes = Buffer.alloc(row.length * this.#stretchRows)
    const ends: number[] = []
    const now = Date.now()
    for (let index = 0; index < this.#stretchRows; index += 1) {
      const at = index * row.length
      row.copy(bytes, at)
      this.#id += 1
      bytes.writeUIntBE(now, at + idAt, 6)
      bytes.writeUInt32BE(this.#id, at + idAt + 12)
      bytes.writeUInt32BE(this.#id % 100_000, at + aggregateAt + 12)
      bytes.writeBigInt64BE(BigInt(this.#next + index), at + row.length - 8)
      ends.push(at + row.length)
    }
    return { bytes, ends }
  }

  async #book(chunks: readonly Chunk[]): Promise<void> {
    const columns = [chunks.map(({ topic }) => topic), chunks.map(({ partition }) => partition)]
    await this.#client.query(
      `INSERT INTO sink_ledger AS l (consumer_group, topic, partition, incarnation, hour, first_offset, last_offset, rows,
         duplicates, quarantined, skipped, lost)
       SELECT $3::text, t, p, 1, date_trunc('hour', now()), $4::bigint, $5::bigint, $5::bigint - $4::bigint + 1, 0, 0, 0, 0 FROM unnest($1::text[], $2::int[]) AS u(t, p)
       ON CONFLICT (consumer_group, topic, partition, incarnation, hour)
         DO UPDATE SET last_offset = excluded.last_offset, rows = l.rows + excluded.rows`,
      [...columns, group, this.#next, this.#next + this.#stretchRows - 1]
    )
    await this.#client.query(
      `INSERT INTO sink_offsets (consumer_group, topic, partition, next_offset)
       SELECT $3::text, t, p, $4::bigint FROM unnest($1::text[], $2::int[]) AS u(t, p)
       ON CONFLICT (consumer_group, topic, partition) DO UPDATE SET next_offset = excluded.next_offset`,
      [...columns, group, this.#next + this.#stretchRows]
    )
  }
}

const head = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')
const copyRows = `COPY event_envelopes (id, aggregate_id, occurred_at, event_name, payload, schema_version, source, actor,
  traceparent, kafka_partition, kafka_offset) FROM STDIN (FORMAT binary)`
const [idAt, aggregateAt] = [6, 26]
const sample = {
  id: '0199d6a0-0000-7000-8000-000000000000',
  aggregateId: '0199d6a0-0000-4000-8000-000000000000',
  payload:
    '{"reason": "Ten quizzes", "badge_id": "0199d6a0-0000-7000-8000-0000000000aa", "awarded_to": "0199d6a0-0000-7000-8000-0000000000bb"}',
  schemaVersion: 1,
  source: 'badges',
  actor: null,
  traceparent: null,
  offset: 0n
}
