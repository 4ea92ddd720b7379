import {
  AsideDigest,
  type AsideLine,
  asideText,
  composeRow,
  keptDigest,
  leafOf,
  type ProofRow,
  quarantineDigest,
  rootOfWidePath,
  WideTree,
  widePath,
  wordsDigest
} from '../../../../proof/index.ts'
import { vectorRow } from '../rows.ts'
import { checkpointVectors } from './checkpoints.ts'
import { entryVectors } from './entries.ts'
import { canonicalVectors } from './json.ts'
import { logVectors, tileVectors } from './log.ts'
import { noteVectors } from './notes.ts'

/** What verifiers in other languages are held against: docs/proof-vectors.json. */
export const vectors = (): object => ({
  about: 'Vectors of docs/proof-format.md. Bytes are hexadecimal where the name of a field ends in _hex, else base64.',
  canonical_json: canonicalVectors(),
  rows: rowVectors(),
  stretches: stretchVectors(),
  digests: digestVectors(),
  notes: noteVectors(),
  log: logVectors(),
  tiles: tileVectors(),
  checkpoints: checkpointVectors(),
  entries: entryVectors()
})

const rowsToHash: readonly ProofRow[] = [
  vectorRow,
  { ...vectorRow, source: null, actor: null, traceparent: null },
  { ...vectorRow, partition: null, offset: null },
  {
    ...vectorRow,
    occurredAt: 946_684_799_999_999n,
    eventName: 'größe.geändert',
    payload: '{"n": [9223372036854775807, 12.50, 0.0000001], "text": "\\u0001é😀"}',
    schemaVersion: 32_767,
    source: '',
    partition: 2 ** 31 - 1,
    offset: 2n ** 53n
  }
]

const rowVectors = () =>
  rowsToHash.map(row => ({
    id: row.id,
    aggregate_id: row.aggregateId,
    occurred_at_micros: String(row.occurredAt),
    event_name: row.eventName,
    payload: row.payload,
    schema_version: row.schemaVersion,
    source: row.source,
    actor: row.actor,
    traceparent: row.traceparent,
    kafka_partition: row.partition,
    kafka_offset: row.offset === null ? null : String(row.offset),
    row_hex: composeRow(row).toString('hex'),
    leaf: leafOf(composeRow(row)).toString('base64')
  }))

/** Leaves of the row of the vectors at the offsets from 4711 on. */
export const leavesFrom4711 = (rows: number): Buffer =>
  Buffer.concat(
    Array.from({ length: rows }, (_, index) => leafOf(composeRow({ ...vectorRow, offset: 4711n + BigInt(index) })))
  )

function stretchVectors(): object {
  const roots = [1, 2, 15, 16, 17, 32, 255, 256, 257, 300, 4096, 4097].map(rows => {
    const tree = new WideTree()
    tree.append(leavesFrom4711(rows))
    return { rows, root: tree.root()?.toString('base64') }
  })
  const paths = (
    [
      [1, 0],
      [17, 16],
      [300, 0],
      [300, 37],
      [300, 299],
      [4097, 4096]
    ] as const
  ).map(([rows, index]) => {
    const leaves = leavesFrom4711(rows)
    const leaf = leaves.subarray(index * 32, index * 32 + 32)
    const path = widePath(leaves, index)
    return {
      rows,
      index,
      leaf: leaf.toString('base64'),
      path: path.map(({ place, others }) => ({ place, others: others.map(each => each.toString('base64')) })),
      root: rootOfWidePath(leaf, { rows, index }, path).toString('base64')
    }
  })
  return { leaves: 'those of the first row above, at the offsets 4711, 4712, …', roots, paths }
}

const aside: readonly AsideLine[] = [
  { kind: 'duplicate', offset: 911, id: '0199d6a0-0000-7000-8000-000000000001' },
  { kind: 'quarantined', offset: 912, code: 'CONFLICT', digest: Buffer.alloc(32, 1) },
  { kind: 'quarantined', offset: 913, last: 920, code: 'BATCH_CORRUPT', digest: Buffer.alloc(32, 2) },
  { kind: 'lost', offset: 921, last: 930 },
  // A gap that was noticed by itself, next to the one before.
  { kind: 'lost', offset: 931, last: 931 }
]

function digestVectors(): object {
  const digest = new AsideDigest()
  for (const line of aside) digest.add(line)
  const records = [
    { timestamp: 1_790_000_000_000n, key: Buffer.from('key'), value: Buffer.from('value'), headers: '[["a","YQ=="]]' },
    { timestamp: -1n, key: null, value: null, headers: '[]' },
    { timestamp: 0n, key: Buffer.alloc(0), value: null, headers: '[["b",null],["a",""],["b","YQ=="]]' }
  ]
  const salt = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')
  const said = '{"reason":"two years","by":"ada"}'
  return {
    aside: { lines: aside.map(asideText).join(''), digest: digest.digest() },
    quarantined: records.map(record => ({
      timestamp: Number(record.timestamp),
      key: record.key?.toString('base64') ?? null,
      value: record.value?.toString('base64') ?? null,
      headers: record.headers,
      digest_hex: quarantineDigest(record).toString('hex')
    })),
    words: { salt_hex: salt.toString('hex'), words: said, digest: wordsDigest(salt, said) },
    kept: { rows: 3, digest: keptDigest(leavesFrom4711(3)) }
  }
}
