import type { Entry, EntryKind } from '../../../proof/index.ts'
import { testSigner } from './keys.ts'

const hashOf = (byte: number): string => Buffer.alloc(32, byte).toString('base64')
const uuid = (last: number): string => `0199d6a0-0000-7000-8000-${String(last).padStart(12, '0')}`
const shortUuid = (last: number): string => Buffer.from(uuid(last).replaceAll('-', ''), 'hex').toString('base64url')

const head = {
  origin: 'school.example/trail',
  writer: '0199e0c2-5a3c-7b0e-9d7e-2f0c5f1f7a10',
  seq: 42,
  previous: hashOf(1)
}
const recorded = '2026-11-26T07:31:02.101774Z'
const clock = '2026-11-26T07:31:02.104000Z'
const moment = { recorded, clock }
const span = {
  recorded: { first: recorded, last: '2026-11-26T07:31:09.868112Z' },
  clock: { first: clock, last: '2026-11-26T07:31:09.871000Z' }
}
const stream = { group: 'sink', prefix: '' }
const words = hashOf(9)
const partition = { topic: 'badge.awarded', partition: 3, incarnation: 1 }

/** An entry of each kind. */
export const sampleEntries: { readonly [Kind in EntryKind]: Extract<Entry, { kind: Kind }> } = {
  batch: {
    ...head,
    kind: 'batch',
    ...span,
    ...stream,
    form: 1,
    stretch: [
      {
        ...partition,
        first: 4711,
        last: 5210,
        rows: 500,
        duplicates: 0,
        quarantined: 0,
        skipped: 0,
        lost: 0,
        root: hashOf(2),
        aside: null
      },
      {
        topic: 'quiz.submitted',
        partition: 0,
        incarnation: 1,
        first: 910,
        last: 1000,
        rows: 88,
        duplicates: 2,
        quarantined: 1,
        skipped: 0,
        lost: 0,
        root: hashOf(3),
        aside: hashOf(4)
      }
    ]
  },
  bus: {
    ...head,
    kind: 'bus',
    seq: 0,
    previous: null,
    ...span,
    form: 1,
    root: hashOf(2),
    id: [shortUuid(1), shortUuid(2)]
  },
  retry: {
    ...head,
    kind: 'retry',
    ...moment,
    ...stream,
    form: 1,
    record: { ...partition, offset: 4712 },
    event: uuid(1),
    leaf: hashOf(5),
    words
  },
  resolution: {
    ...head,
    kind: 'resolution',
    ...moment,
    ...stream,
    record: { ...partition, first: 4713, last: 4713 },
    status: 'discarded',
    words
  },
  reset: {
    ...head,
    kind: 'reset',
    ...moment,
    ...stream,
    reset: [{ ...partition, incarnation: 2, from: 5211, to: 0 }],
    words
  },
  adopted: {
    ...head,
    kind: 'adopted',
    ...moment,
    ...stream,
    form: 1,
    block: [{ event: 'badge.awarded', partition: 3, first: 0, last: 9999, rows: 9998, root: hashOf(2) }],
    bus: [{ first: uuid(1), last: uuid(9), rows: 9, root: hashOf(3) }],
    position: [{ ...partition, next: 10_000 }]
  },
  retention: {
    ...head,
    kind: 'retention',
    ...moment,
    month: '2026-10',
    bounds: { from: '2026-10-01T00:00:00.000000Z', to: '2026-11-01T00:00:00.000000Z' },
    rows: 1_204_551,
    dropped: [{ ...partition, rows: 1_204_551, first: 0, last: 1_204_999 }],
    kept: { leaves: 12, digest: hashOf(6) },
    words
  },
  redaction: { ...head, kind: 'redaction', ...moment, event: uuid(1), leaf: hashOf(5), basis: 'gdpr17', words },
  erasure: {
    ...head,
    kind: 'erasure',
    ...moment,
    number: uuid(3),
    state: 'done',
    epoch: 4,
    basis: 'gdpr17',
    words,
    key: [uuid(4), uuid(5)]
  },
  kek: { ...head, kind: 'kek', ...moment, epoch: 4, destroyed: recorded },
  hold: { ...head, kind: 'hold', ...moment, number: 7, row: hashOf(7) },
  release: { ...head, kind: 'release', ...moment, number: 7, row: hashOf(7) },
  disclosure: { ...head, kind: 'disclosure', ...moment, number: 8, row: hashOf(8) },
  restored: { ...head, kind: 'restored', ...moment, entries: { had: 20_000, of: 20_852 }, words },
  loss: { ...head, kind: 'loss', ...moment, ...stream, lost: [{ ...partition, first: 4711, last: 5210 }], words },
  key: {
    ...head,
    kind: 'key',
    ...moment,
    add: [{ key: testSigner('school.example/trail/sink-2').vkey, role: 'sink' }],
    revoke: [{ key: testSigner('school.example/trail/sink-1').vkey, index: 20_101 }]
  }
}
