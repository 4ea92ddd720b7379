import { createHash } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import {
  bundlePath,
  type Chunk,
  composeBundle,
  composeCheckpoint,
  composeEntry,
  composeNote,
  composeRow,
  cosign,
  type Entry,
  entryHash,
  leafOf,
  logRoot,
  newTiles,
  type ProofRow,
  readerOf,
  rowForm,
  Statement,
  signatureTypes,
  signNote,
  signText,
  WideTree
} from '../../../../proof/index.ts'
import { testSigner } from '../keys.ts'
import { vectorRow } from '../rows.ts'

/** A bundle in memory, which a test can change before it is written. */
export interface Bundle {
  /** With the time at which each was recorded. */
  rows: { row: ProofRow; recorded: string }[]
  /** Signed entries in the order of the log. */
  entries: string[]
  /** By the names of their files: lines of JSON. */
  lists: Record<string, object[]>
  /** Signed entries that have no place in the log yet. */
  unsealed: string[]
  /** Makes the checkpoint of the entries; default signed by the log and the witness. */
  checkpoint: (entries: readonly string[]) => string
}

const origin = 'school.example/trail'
const [root, log] = [testSigner(`${origin}/root`), testSigner(origin)]
const [sink, bus, operator] = ['sink-1', 'bus-1', 'operator'].map(name => testSigner(`${origin}/${name}`)) as [
  ReturnType<typeof testSigner>,
  ReturnType<typeof testSigner>,
  ReturnType<typeof testSigner>
]
const witness = testSigner('auditor.example/w1', signatureTypes.cosignature)

/** What the auditor trusts. */
export const trustText = `log ${log.vkey}\nroot ${root.vkey}\nwitness w1 ${witness.vkey}\nquorum w1\n`

const uuid = (number: number): string => `0199d6a0-0000-7000-8000-${String(number).padStart(12, '0')}`
const time = (seconds: number): string => new Date((1_790_000_000 + seconds) * 1000).toISOString().replace('Z', '000Z')
const moment = (seconds: number) => ({ recorded: time(seconds), clock: time(seconds) })

const rowOf = (partition: number | null, offset: number, id: number): ProofRow => ({
  ...vectorRow,
  id: uuid(id),
  partition,
  offset: partition === null ? null : BigInt(offset)
})
const leavesOf = (rows: readonly ProofRow[]): Buffer => Buffer.concat(rows.map(row => leafOf(composeRow(row))))
const rootOf = (rows: readonly ProofRow[]): string => {
  const tree = new WideTree()
  tree.append(leavesOf(rows))
  return tree.root()?.toString('base64') ?? ''
}

/** A writer's entries, each with the digest of the one before. */
function chain(writer: string, signer: ReturnType<typeof testSigner>) {
  let [seq, previous]: [number, string | null] = [0, null]
  return (entry: object): string => {
    const head = { origin, writer, seq, previous }
    const note = signNote(composeEntry({ ...head, ...entry } as Entry), signer)
    seq += 1
    previous = createHash('sha256').update(note).digest('base64')
    return note
  }
}

/** Entries of several writers and kinds, and their rows: 64 from Kafka in two partitions, 3 of the bus, 1 from quarantine. */
export function cleanBundle(): Bundle {
  const rows: Bundle['rows'] = []
  const keys = chain(uuid(900), root)
  const operators = chain(uuid(901), operator)
  const buses = chain(uuid(902), bus)
  const stream = { group: 'sink', prefix: '' }
  const words = createHash('sha256').digest('base64')

  const added = [
    { key: bus.vkey, role: 'bus' },
    { key: operator.vkey, role: 'operator' },
    { key: sink.vkey, role: 'sink' }
  ].sort((one, other) => (one.key < other.key ? -1 : 1))
  const entries = [keys({ kind: 'key', ...moment(0), add: added, revoke: [] })]

  const chunkOf = (partition: number, first: number, count: number, seconds: number): Chunk => {
    const own = Array.from({ length: count }, (_, index) =>
      rowOf(partition, first + index, 1_000 * partition + first + index)
    )
    rows.push(...own.map(row => ({ row, recorded: time(seconds) })))
    const place = { topic: 'badge.awarded', partition, incarnation: 1 }
    return { ...place, first, last: first + count - 1, leaves: leavesOf(own), aside: [] }
  }
  const sign = (text: string) => signNote(text, sink)
  const one = new Statement({ origin, writer: uuid(903), ...stream, sign, limits: { rows: 30 } })
  const other = new Statement({ origin, writer: uuid(904), ...stream, sign })
  const store = (statement: Statement, chunks: readonly Chunk[], seconds: number): readonly string[] => {
    const attempt = statement.attempt(chunks, moment(seconds))
    statement.stored(attempt)
    return attempt.entries.map(({ entry }) => entry)
  }
  store(one, [chunkOf(0, 0, 17, 1)], 1)
  entries.push(...store(one, [chunkOf(0, 17, 20, 2)], 2))
  // Offset 40 goes to quarantine, and becomes a row later.
  const held = { kind: 'quarantined', offset: 40, code: 'CONFLICT', digest: Buffer.alloc(32, 7) } as const
  const quarantined = { group: 'sink', topic: 'badge.awarded', partition: 0, incarnation: 1, offset: 40, last: 40 }
  const more = chunkOf(0, 37, 3, 3)
  entries.push(...store(one, [{ ...more, last: 40, aside: [held] }], 3))
  entries.push(...store(other, [chunkOf(1, 5, 24, 4)], 4))
  const retried = rowOf(0, 40, 40)
  rows.push({ row: retried, recorded: time(5) })
  const leaf = leafOf(composeRow(retried)).toString('base64')
  const record = { topic: 'badge.awarded', partition: 0, incarnation: 1, offset: 40 }
  entries.push(
    operators({ kind: 'retry', ...moment(5), ...stream, form: rowForm, record, event: retried.id, leaf, words })
  )
  const own = [2_001, 2_002, 2_003].map(id => rowOf(null, 0, id))
  rows.push(...own.map(row => ({ row, recorded: time(6) })))
  const id = own.map(row => Buffer.from(row.id.replaceAll('-', ''), 'hex').toString('base64url')).sort()
  const span = { recorded: { first: time(6), last: time(6) }, clock: { first: time(6), last: time(6) } }
  entries.push(buses({ kind: 'bus', ...span, form: rowForm, root: rootOf(own), id }))
  const lists = {
    quarantine: [{ ...quarantined, code: held.code, digest: held.digest.toString('hex'), status: 'stored' }]
  }
  return { rows, entries, lists, unsealed: [], checkpoint: each => checkpointOf(each) }
}

/** The checkpoint of entries. @param witnessed default true */
export function checkpointOf(entries: readonly string[], witnessed = true): string {
  const read = readerOf(entries.map(entry => entryHash(Buffer.from(entry))))
  const text = composeCheckpoint({ origin, size: entries.length, root: logRoot(entries.length, read) })
  const signatures = [signText(text, log), ...(witnessed ? [cosign(text, witness, 1_790_000_100)] : [])]
  return composeNote({ text, signatures })
}

/** Writes a bundle, and the trust policy next to it. */
export function writeBundle(folder: string, { rows, entries, lists, unsealed, checkpoint }: Bundle): void {
  const write = (path: string, bytes: string | Buffer) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), bytes)
  }
  write('trust.txt', trustText)
  rmSync(join(folder, 'bundle'), { recursive: true, force: true })
  write('bundle/log/checkpoint', checkpoint(entries))
  if (unsealed.length > 0) write('bundle/log/unsealed', composeBundle(unsealed.map(each => Buffer.from(each))))
  for (const [name, lines] of Object.entries(lists))
    write(`bundle/lists/${name}.ndjson`, lines.map(line => `${JSON.stringify(line)}\n`).join(''))
  for (const { level, index, width } of newTiles(0, entries.length))
    if (level === 0) {
      const own = entries.slice(index * 256, index * 256 + width).map(entry => Buffer.from(entry))
      write(`bundle/log/${bundlePath({ index, width })}`, composeBundle(own))
    }
  const head = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')
  write('bundle/rows/all.copy', Buffer.concat([head, ...rows.map(withRecorded), Buffer.of(0xff, 0xff)]))
}

/** A row with recorded_at as a twelfth column. */
function withRecorded({ row, recorded }: Bundle['rows'][number]): Buffer {
  const bytes = composeRow(row)
  bytes.writeInt16BE(12)
  const column = Buffer.alloc(12)
  column.writeInt32BE(8)
  column.writeBigInt64BE((BigInt(Date.parse(recorded)) - 946_684_800_000n) * 1000n, 4)
  return Buffer.concat([bytes, column])
}

/** The entry with another text, signed by a key of the test's choice. */
export const resigned = (note: string, change: (text: string) => string, name: string): string =>
  signNote(change(`${note.split('\n\n— ')[0]}\n`), testSigner(`${origin}/${name}`))
