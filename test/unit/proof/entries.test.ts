import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  composeEntry,
  type Entry,
  type EntryKind,
  grammar,
  maxEntryTextBytes,
  parseEntry,
  signatureTypes
} from '../../../proof/index.ts'
import { sampleEntries } from '../../support/proof/entries.ts'
import { testSigner } from '../../support/proof/keys.ts'

const kinds = Object.keys(grammar) as EntryKind[]
const invalid = expect.objectContaining({ code: 'ENTRY_INVALID' })

test.each(kinds)('an entry %s is read as it was composed', kind => {
  const entry = sampleEntries[kind]
  const text = composeEntry(entry)
  expect(parseEntry(text)).toEqual(entry)
  expect(composeEntry(parseEntry(text))).toBe(text)
})

test('there is one text of an entry: whatever else is read, is composed to the same text', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...kinds),
      fc.nat(),
      fc.constantFrom('0', '1', '-', ' ', '\n', 'a', 'A', '"', '=', '+', '\\', 'é', '\u0000', ''),
      fc.boolean(),
      (kind, some, letter, replaces) => {
        const text = composeEntry(sampleEntries[kind])
        const at = some % text.length
        const changed = text.slice(0, at) + letter + text.slice(at + (replaces ? 1 : 0))
        let entry: Entry
        try {
          entry = parseEntry(changed)
        } catch (error) {
          expect(error).toMatchObject({ code: 'ENTRY_INVALID' })
          return
        }
        expect(composeEntry(entry)).toBe(changed)
      }
    ),
    { numRuns: 3_000 }
  )
})

describe('an entry is refused', () => {
  const { batch, bus, adopted, retention, key, erasure, reset, resolution, loss, restored } = sampleEntries
  const [resetLine, lossLine, dropped, adoptedBus] = [
    reset.reset[0],
    loss.lost[0],
    retention.dropped[0],
    adopted.bus[0]
  ] as [
    (typeof reset.reset)[number],
    (typeof loss.lost)[number],
    (typeof retention.dropped)[number],
    (typeof adopted.bus)[number]
  ]
  const recorded = (day: string): string => `${day}T00:00:00.000000Z`
  const witness = testSigner('school.example/trail/w1', signatureTypes.cosignature)
  const [log, below, stranger] = [
    testSigner('school.example/trail'),
    testSigner('school.example/trail/log'),
    testSigner('other.example/sink')
  ]
  const [one, two] = batch.stretch as [(typeof batch.stretch)[number], (typeof batch.stretch)[number]]
  test.each<[string, Entry]>([
    ['without stretches', { ...batch, stretch: [] }],
    ['with stretches that are not in order', { ...batch, stretch: [two, one] }],
    ['with a stretch twice', { ...batch, stretch: [one, one] }],
    ['with stretches that overlap', { ...batch, stretch: [one, { ...one, first: 4712, rows: 499 }] }],
    ['with offsets that do not add up', { ...batch, stretch: [{ ...one, rows: 499 }] }],
    ['with rows and no root', { ...batch, stretch: [{ ...one, root: null }] }],
    ['with a root and no rows', { ...batch, stretch: [{ ...one, rows: 0, skipped: 500 }] }],
    ['with duplicates that no digest is of', { ...batch, stretch: [{ ...two, aside: null }] }],
    [
      'with a time that ends before it begins',
      { ...batch, recorded: { first: batch.recorded.last, last: batch.recorded.first } }
    ],
    [
      'with a clock that ends before it begins',
      { ...batch, clock: { first: batch.clock.last, last: batch.clock.first } }
    ],
    ['with a time that is none', { ...batch, recorded: { ...batch.recorded, last: '2026-02-30T00:00:00.000000Z' } }],
    ['with a number that is none', { ...batch, seq: -1 }],
    ['with a number past 53 bits', { ...batch, seq: 2 ** 53 }],
    ['with another form of rows', { ...batch, form: 2 }],
    ['with a topic that has a space', { ...batch, stretch: [{ ...one, topic: 'a b' }] }],
    ['with a topic that has a line feed', { ...batch, stretch: [{ ...one, topic: 'a\nb' }] }],
    ['with a name of the log that no key can have', { ...batch, origin: 'a b' }],
    ['as the second of a writer without the first', { ...batch, previous: null }],
    ['as the first of a writer after another', { ...batch, seq: 0 }],
    ['with ids that are not in order', { ...bus, id: bus.id.toReversed() }],
    ['without ids', { ...bus, id: [] }],
    [
      'with more rows than offsets',
      { ...adopted, block: [{ event: 'a', partition: 0, first: 1, last: 2, rows: 3, root: one.root as string }] }
    ],
    ['with an empty stretch', { ...batch, stretch: [{ ...one, last: 4710, rows: 0, root: null }] }],
    ['with the incarnation 0', { ...batch, stretch: [{ ...one, incarnation: 0 }] }],
    ['with a reset to the incarnation 0', { ...reset, reset: [{ ...resetLine, incarnation: 0 }] }],
    ['with a resolution that ends before it begins', { ...resolution, record: { ...resolution.record, last: 4712 } }],
    ['with a loss that ends before it begins', { ...loss, lost: [{ ...lossLine, last: 4710 }] }],
    [
      'with what was dropped that ends before it begins',
      { ...retention, dropped: [{ ...dropped, first: 2, last: 1 }] }
    ],
    [
      'with ids of the bus in the wrong order',
      { ...adopted, bus: [{ ...adoptedBus, first: adoptedBus.last, last: adoptedBus.first }] }
    ],
    ['with more entries restored than there are', { ...restored, entries: { had: 2, of: 1 } }],
    ['with bounds of another month', { ...retention, month: '2026-09' }],
    [
      'with bounds that end within the month',
      { ...retention, bounds: { ...retention.bounds, to: recorded('2026-10-31') } }
    ],
    ['with the year 0', { ...retention, recorded: recorded('0000-01-01') }],
    ['with U+0000 in a text', { ...batch, group: 'a\0b' }],
    ['with the key of a witness', { ...key, add: [{ key: witness.vkey, role: 'sink' }] }],
    ['with a key that is not below the log', { ...key, add: [{ key: stranger.vkey, role: 'sink' }] }],
    ['with the key of the log as that of a sink', { ...key, add: [{ key: log.vkey, role: 'sink' }] }],
    ['with a key below the log as that of the log', { ...key, add: [{ key: below.vkey, role: 'log' }] }],
    ['with leaves that no digest is of', { ...retention, kept: { leaves: 1, digest: null } }],
    ['with no keys', { ...key, add: [], revoke: [] }],
    ['with a role that is none', { ...key, add: [{ key: key.add[0]?.key as string, role: 'root' }] }],
    ['with a state that is none', { ...erasure, state: 'begun' }]
  ])('%s', (_, entry) => {
    expect(() => composeEntry(entry)).toThrow(invalid)
  })

  test('past its size, and without a word of what is in it', () => {
    const stretch = Array.from({ length: 700 }, (_, partition) => ({ ...one, topic: 'secret', partition }))
    expect(() => composeEntry({ ...batch, stretch })).toThrow(invalid)
    expect(() => composeEntry({ ...batch, stretch })).toThrow(`more than ${maxEntryTextBytes} bytes`)
    expect(() => composeEntry({ ...batch, stretch: [{ ...one, topic: 'secret', rows: 1 }] })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret') })
    )
  })

  test('with the number of the line', () => {
    const text = composeEntry(batch)
    expect(() => parseEntry(text.replace('origin ', 'source '))).toThrow('line 2 is another one')
    expect(() => parseEntry(text.replace('form 1', 'form one'))).toThrow('line 9 has another form')
    expect(() => parseEntry(`${text}more\n`)).toThrow('line 12 is another one')
    expect(() => parseEntry('eventtrail/batch@v1\n')).toThrow('line 2 is missing')
  })
})

test('a retention of December ends with the year, and the key of a log has its name', () => {
  const { retention, key } = sampleEntries
  const bounds = { from: '2026-12-01T00:00:00.000000Z', to: '2027-01-01T00:00:00.000000Z' }
  expect(parseEntry(composeEntry({ ...retention, month: '2026-12', bounds }))).toMatchObject({ bounds })
  const add = [{ key: testSigner('school.example/trail').vkey, role: 'log' }]
  expect(parseEntry(composeEntry({ ...key, add }))).toMatchObject({ add })
})
