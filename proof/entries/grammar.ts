import type { WordName } from './words.ts'

/** The words of a line after its name: one, or several with names, in the order in which they are written. */
type Words = WordName | Readonly<Record<string, WordName>>

/** A line of an entry, and how often it is there. */
export interface LineRule {
  readonly times: 'once' | 'some' | 'any'
  readonly words: Words
  /** Lines that are there several times are sorted by these words, and no two have all of them the same. */
  readonly sortedBy?: readonly string[]
}

const once = <const W extends Words>(words: W) => ({ times: 'once', words }) as const
/** At least one line. */
const some = <const W extends Words>(words: W, ...sortedBy: readonly string[]) =>
  ({ times: 'some', words, sortedBy }) as const
/** Any number of lines. */
const any = <const W extends Words>(words: W, ...sortedBy: readonly string[]) =>
  ({ times: 'any', words, sortedBy }) as const

const partition = { topic: 'name', partition: 'count', incarnation: 'count' } as const
const inPartition = ['topic', 'partition', 'incarnation'] as const
/** One moment: when the transaction began by the clock of Postgres, and when by that of the writer. */
const moment = { recorded: once('time'), clock: once('time') } as const
/** Of an entry that is extended: of its first and its last transaction. */
const span = { recorded: once({ first: 'time', last: 'time' }), clock: once({ first: 'time', last: 'time' }) } as const
const stream = { group: once('text'), prefix: once('text') } as const
const form = { form: once('count') } as const
/** SHA-256 of a salt of 16 bytes and canonical JSON: reasons and names of people are outside of the log. */
const words = { words: once('hash') } as const
const salted = { number: once('count'), row: once('hash') } as const

/** The role of the key that signs a kind of entry, and its lines in their order, after the head that all have. */
export const grammar = {
  batch: {
    role: 'sink',
    lines: {
      ...span,
      ...stream,
      ...form,
      stretch: some(
        {
          ...partition,
          first: 'count',
          last: 'count',
          rows: 'count',
          duplicates: 'count',
          quarantined: 'count',
          skipped: 'count',
          lost: 'count',
          root: 'hashOrNone',
          aside: 'hashOrNone'
        },
        ...inPartition,
        'first'
      )
    }
  },
  bus: { role: 'bus', lines: { ...span, ...form, root: once('hash'), id: some('shortUuid') } },
  retry: {
    role: 'operator',
    lines: {
      ...moment,
      ...stream,
      ...form,
      record: once({ ...partition, offset: 'count' }),
      event: once('uuid'),
      leaf: once('hash'),
      ...words
    }
  },
  resolution: {
    role: 'operator',
    lines: {
      ...moment,
      ...stream,
      record: once({ ...partition, first: 'count', last: 'count' }),
      status: once('resolution'),
      ...words
    }
  },
  reset: {
    role: 'operator',
    lines: {
      ...moment,
      ...stream,
      reset: some({ ...partition, from: 'count', to: 'count' }, ...inPartition),
      ...words
    }
  },
  adopted: {
    role: 'operator',
    lines: {
      ...moment,
      ...stream,
      ...form,
      block: any(
        { event: 'name', partition: 'count', first: 'count', last: 'count', rows: 'count', root: 'hash' },
        'event',
        'partition',
        'first'
      ),
      bus: any({ first: 'uuid', last: 'uuid', rows: 'count', root: 'hash' }, 'first'),
      position: any({ ...partition, next: 'count' }, ...inPartition)
    }
  },
  retention: {
    role: 'operator',
    lines: {
      ...moment,
      month: once('month'),
      bounds: once({ from: 'time', to: 'time' }),
      rows: once('count'),
      dropped: any({ ...partition, rows: 'count', first: 'count', last: 'count' }, ...inPartition),
      kept: once({ leaves: 'count', digest: 'hashOrNone' }),
      ...words
    }
  },
  redaction: {
    role: 'privacy',
    lines: { ...moment, event: once('uuid'), leaf: once('hash'), basis: once('name'), ...words }
  },
  erasure: {
    role: 'privacy',
    lines: {
      ...moment,
      number: once('uuid'),
      state: once('erasure'),
      epoch: once('count'),
      basis: once('name'),
      ...words,
      key: any('uuid')
    }
  },
  kek: { role: 'privacy', lines: { ...moment, epoch: once('count'), destroyed: once('time') } },
  hold: { role: 'privacy', lines: { ...moment, ...salted } },
  release: { role: 'privacy', lines: { ...moment, ...salted } },
  disclosure: { role: 'privacy', lines: { ...moment, ...salted } },
  restored: { role: 'operator', lines: { ...moment, entries: once({ had: 'count', of: 'count' }), ...words } },
  loss: {
    role: 'operator',
    lines: {
      ...moment,
      ...stream,
      lost: some({ ...partition, first: 'count', last: 'count' }, ...inPartition, 'first'),
      ...words
    }
  },
  key: {
    role: 'root',
    lines: {
      ...moment,
      add: any({ key: 'vkey', role: 'role' }, 'key'),
      revoke: any({ key: 'vkey', index: 'count' }, 'key')
    }
  }
} as const satisfies Readonly<
  Record<string, { readonly role: string; readonly lines: Readonly<Record<string, LineRule>> }>
>

export type EntryKind = keyof typeof grammar
