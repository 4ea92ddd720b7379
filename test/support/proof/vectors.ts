import {
  AsideDigest,
  type AsideLine,
  asideText,
  bundlePath,
  canonicalJson,
  composeBundle,
  composeCheckpoint,
  composeEntry,
  composeNote,
  composeRow,
  consistencyPath,
  cosign,
  emptyRoot,
  entryHash,
  grammar,
  inclusionPath,
  keptDigest,
  leafOf,
  logRoot,
  newTiles,
  type ProofRow,
  quarantineDigest,
  readerOf,
  rootOfWidePath,
  signatureTypes,
  signNote,
  signText,
  tilePath,
  WideTree,
  widePath,
  wordsDigest
} from '../../../proof/index.ts'
import { sampleEntries } from './entries.ts'
import { testSigner } from './keys.ts'
import { vectorRow } from './rows.ts'

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

const inJson = [
  '{}',
  '[]',
  ' { "bb" : 1 , "a" : [ 1 , 2.50 , -0 , -0.00 , 1e3 , 1.5E-7 , 9007199254740993 ] } ',
  '{"aa":1,"b":2,"a":3,"é":4,"ab":5,"":6}',
  '{"a":1,"a":{"x":null},"b":true}',
  '"\\u0041\\/\\"\\\\\\b\\f\\n\\r\\t\\u001F\\u0000\\u007f\\u2028é😀\\ud83d\\ude00"',
  '1e21',
  '5e-324',
  '123456789012345678901234567890.1234567890'
]
const noJson = ['', '{', '{"a":}', '"\\ud800"', '01', '1e99999', 'NaN']

const canonicalVectors = () => ({
  valid: inJson.map(text => ({ text, canonical: canonicalJson(text) })),
  invalid: noJson
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
  { kind: 'lost', offset: 921, last: 930 }
]

function digestVectors(): object {
  const digest = new AsideDigest()
  for (const line of aside) digest.add(line)
  const records = [
    { timestamp: 1_790_000_000_000n, key: Buffer.from('key'), value: Buffer.from('value'), headers: '[["a","YQ=="]]' },
    { timestamp: -1n, key: null, value: null, headers: '[]' }
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

export const origin = 'school.example/trail'
const log = testSigner(origin)
const sink = testSigner(`${origin}/sink-1`)
const witness = testSigner('auditor.example/w1', signatureTypes.cosignature)
const other = testSigner('other.example/w2', signatureTypes.cosignature)

function noteVectors(): object {
  const text = 'one line\n\nafter an empty one: größe\n'
  const note = signNote(text, sink)
  const two = composeNote({ text, signatures: [signText(text, other), signText(text, sink)] })
  const damaged = note.replace('one line', 'one lime')
  return {
    valid: [
      { note, vkeys: [sink.vkey], signed: [sink.name] },
      { note: two, vkeys: [log.vkey, sink.vkey], signed: [sink.name] }
    ],
    invalid: [
      { note: damaged, vkeys: [sink.vkey], why: 'the signature does not fit' },
      { note, vkeys: [log.vkey], why: 'no known key has signed' },
      { note: text, vkeys: [sink.vkey], why: 'there is no signature' },
      { note: note.slice(0, -1), vkeys: [sink.vkey], why: 'the last line does not end' },
      { note: note.replace('one line', 'one\tline'), vkeys: [sink.vkey], why: 'a control character' }
    ]
  }
}

const logEntries = Array.from({ length: 300 }, (_, index) => Buffer.from(`entry ${index}`))
const hashes = logEntries.map(entryHash)
const read = readerOf(hashes)
const base64 = (each: Buffer): string => each.toString('base64')

const logVectors = () => ({
  entries: 'the texts "entry 0" to "entry 299"',
  empty_root: base64(emptyRoot),
  roots: [1, 2, 3, 7, 8, 255, 256, 257, 300].map(size => ({ size, root: base64(logRoot(size, read)) })),
  inclusion: (
    [
      [0, 1],
      [2, 3],
      [6, 7],
      [255, 256],
      [256, 257],
      [37, 300]
    ] as const
  ).map(([index, size]) => ({ index, size, path: inclusionPath(index, size, read).map(base64) })),
  consistency: (
    [
      [0, 7],
      [1, 2],
      [3, 7],
      [4, 8],
      [256, 257],
      [257, 300],
      [300, 300]
    ] as const
  ).map(([older, size]) => ({ older, size, path: consistencyPath(older, size, read).map(base64) }))
})

const tileVectors = () => ({
  new_tiles: (
    [
      [0, 300],
      [256, 300],
      [0, 256],
      [0, 70_000],
      [69_999, 70_000]
    ] as const
  ).map(([older, size]) => {
    const tiles = newTiles(older, size)
    return { older, size, count: tiles.length, last: tiles.slice(-4).map(tilePath) }
  }),
  bundle_path: bundlePath({ index: 1_234_067, width: 256 }),
  bundle_hex: composeBundle([Buffer.from('one'), Buffer.alloc(0), Buffer.from('three')]).toString('hex')
})

function checkpointVectors(): object {
  const text = composeCheckpoint({ origin, size: 300, root: logRoot(300, read) })
  const time = 1_790_000_000
  const [signed, one, two] = [signText(text, log), cosign(text, witness, time), cosign(text, other, time)]
  const head = `log ${log.vkey}\nroot ${testSigner(`${origin}/root`).vkey}\n`
  const witnesses = `witness w1 ${witness.vkey}\nwitness w2 ${other.vkey}\n`
  const policy = { none: `${head}quorum none\n`, one: `${head}${witnesses}group both any w1 w2\nquorum both\n` }
  const both = `${head}${witnesses}group both all w1 w2\nquorum both\n`
  return {
    text,
    valid: [
      { trust: policy.none, note: composeNote({ text, signatures: [signed] }) },
      { trust: policy.one, note: composeNote({ text, signatures: [signed, one] }) },
      { trust: both, note: composeNote({ text, signatures: [signed, one, two] }) }
    ],
    invalid: [
      { trust: both, note: composeNote({ text, signatures: [signed, one] }), why: 'too few witnesses' },
      { trust: policy.one, note: composeNote({ text, signatures: [one] }), why: 'no log has signed' },
      {
        trust: policy.none,
        note: signNote(text.replace(origin, 'another.example/trail'), log),
        why: 'the name is not that of the key'
      },
      { trust: policy.none, note: signNote(text.replace('300', '0300'), log), why: 'the size has another form' }
    ]
  }
}

function entryVectors(): object {
  const valid = Object.values(sampleEntries).map(entry => ({
    kind: entry.kind,
    role: grammar[entry.kind].role,
    text: composeEntry(entry)
  }))
  const batch = composeEntry(sampleEntries.batch)
  const changed = (from: string, to: string, why: string) => ({ text: batch.replace(from, to), why })
  return {
    signed: { vkey: sink.vkey, note: signNote(batch, sink) },
    valid,
    invalid: [
      changed('eventtrail/batch@v1', 'eventtrail/batch@v2', 'no such kind'),
      changed('form 1', 'form 2', 'no such form of rows'),
      changed(' 42\n', ' 042\n', 'a number with a leading zero'),
      changed(' 42\n', '  42\n', 'two spaces'),
      changed('prefix ""\n', '', 'a line is missing'),
      changed('prefix ""\n', 'prefix ""\nprefix ""\n', 'a line is there twice'),
      changed('group "sink"', 'group "s\\u0069nk"', 'a needless escape'),
      changed('5210 500', '5210 499', 'the offsets do not add up'),
      changed('.101774Z', '.1017740Z', 'a time with more digits'),
      changed('2026-11-26', '2026-11-31', 'no such day'),
      changed('stretch badge.awarded', 'stretch zzz', 'lines are not in order'),
      changed('previous ', 'previous A', 'a hash that is none')
    ]
  }
}
