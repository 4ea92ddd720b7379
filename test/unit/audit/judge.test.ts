import { expect, test } from 'vitest'
import { type Candidate, digestOfEntry, judge, type Predecessor, placeOf } from '../../../audit/sealer/judge.ts'
import { KeyRing } from '../../../audit/sealer/key-ring.ts'
import { composeEntry, type Entry, type EntryOf, type Signer, signNote } from '../../../proof/index.ts'
import { sampleEntries } from '../../support/proof/entries.ts'
import { testSigner } from '../../support/proof/keys.ts'
import { testOrigin, testParties } from '../../support/proof/parties.ts'

const { root, sink, operator, privacy } = testParties
const stranger = testSigner(`${testOrigin}/stranger`)
const uuid = (last: number): string => `0199d6a0-0000-7000-8000-${String(last).padStart(12, '0')}`

let numbers = 0
const candidateOf = (entry: Entry, signer: Signer): Candidate => {
  numbers += 1
  const { writer, seq, kind } = entry
  return { number: numbers, writer, seq, kind, entry: signNote(composeEntry(entry), signer) }
}

const first = { writer: uuid(1), seq: 0, previous: null }
const keysOf = (said: Partial<Pick<EntryOf<'key'>, 'add' | 'revoke'>>, by = root, writer = uuid(99)) =>
  candidateOf({ ...sampleEntries.key, ...first, writer, add: [], revoke: [], ...said }, by)
const begin = () =>
  keysOf({
    add: [
      { key: operator.vkey, role: 'operator' },
      { key: sink.vkey, role: 'sink' }
    ].sort((one, other) => (one.key < other.key ? -1 : 1))
  })

/** Entries of one writer, each after the one before. */
function chain(length: number, writer = uuid(1), signer: Signer = sink): Candidate[] {
  const entries: Candidate[] = []
  for (let seq = 0; seq < length; seq += 1) {
    const before = entries.at(-1)
    const previous = before ? digestOfEntry(before.entry) : null
    entries.push(candidateOf({ ...sampleEntries.batch, writer, seq, previous }, signer))
  }
  return entries
}

const judged = (
  candidates: readonly Candidate[],
  { size = 0, ring = new KeyRing(root), before = new Map<string, Predecessor>() } = {}
) => {
  const { sealed, rejected, broken } = judge(candidates, { origin: testOrigin, size, ring, before })
  return {
    sealed: sealed.map(({ number }) => number),
    rejected: rejected.map(({ number, reason }) => [number, reason]),
    broken: broken.map(({ number }) => number)
  }
}
const numbersOf = (candidates: readonly Candidate[]): number[] => candidates.map(({ number }) => number)

test('entries of keys that root has added are sealed in their order', () => {
  const all = [begin(), ...chain(3), ...chain(2, uuid(2))]
  expect(judged(all)).toEqual({ sealed: numbersOf(all), rejected: [], broken: [] })
})

const changed = (candidate: Candidate, by: (text: string) => string): Candidate => ({
  ...candidate,
  entry: by(candidate.entry)
})

test.each([
  ['ENTRY_INVALID', (entry: Candidate) => changed(entry, text => text.replace('form 1', 'form one'))],
  ['ENTRY_INVALID', (entry: Candidate) => changed(entry, () => 'no note')],
  ['OTHER_LOG', () => candidateOf({ ...sampleEntries.batch, ...first, origin: 'other.example/trail' }, sink)],
  ['MISFILED', (entry: Candidate) => ({ ...entry, writer: uuid(7) })],
  ['MISFILED', (entry: Candidate) => ({ ...entry, kind: 'bus' })],
  ['MISFILED', (entry: Candidate) => ({ ...entry, seq: 1 })],
  ['KEY_UNKNOWN', () => candidateOf({ ...sampleEntries.batch, ...first }, stranger)],
  ['SIGNATURE_INVALID', (entry: Candidate) => changed(entry, text => text.replace('4711 5210', '4712 5211'))],
  ['KEY_NOT_ALLOWED', () => candidateOf({ ...sampleEntries.batch, ...first }, operator)],
  ['KEY_NOT_ALLOWED', () => candidateOf({ ...sampleEntries.batch, ...first }, root)],
  ['KEY_NOT_ALLOWED', () => keysOf({ add: [{ key: stranger.vkey, role: 'sink' }] }, operator, uuid(98))],
  ['KEY_REPEATED', () => keysOf({ add: [{ key: sink.vkey, role: 'operator' }] }, root, uuid(98))],
  ['KEY_REPEATED', () => keysOf({ add: [{ key: root.vkey, role: 'operator' }] }, root, uuid(98))]
] as const)('%s is left out of the log, and entries of other writers are not', (reason, make) => {
  const [keys, others] = [begin(), chain(1, uuid(2))]
  const [good] = chain(1)
  if (!good) throw new Error('no entry')
  const bad = make(good)
  expect(judged([keys, bad, ...others])).toEqual({
    sealed: numbersOf([keys, ...others]),
    rejected: [[bad.number, reason]],
    broken: []
  })
})

test('an entry whose predecessor was rejected, is missing or is another one is sealed, and its chain is broken', () => {
  const keys = begin()
  const [one, two, three] = chain(3) as [Candidate, Candidate, Candidate]
  const forged = changed(one, text => text.replace('4711 5210', '4712 5211'))
  expect(judged([keys, forged, two, three])).toEqual({
    sealed: numbersOf([keys, two, three]),
    rejected: [[one.number, 'SIGNATURE_INVALID']],
    broken: [two.number]
  })
  expect(judged([keys, two, three])).toMatchObject({ sealed: numbersOf([keys, two, three]), broken: [two.number] })
  const ring = new KeyRing(root)
  judged([keys], { ring })
  const before = (digest: string, state: Predecessor['state']) => ({
    ring: ring.copy(),
    before: new Map([[placeOf(one), { digest, state }]])
  })
  expect(judged([two], before(digestOfEntry(one.entry), 'sealed'))).toMatchObject({ broken: [] })
  expect(judged([two], before(digestOfEntry(three.entry), 'sealed'))).toMatchObject({ broken: [two.number] })
  expect(judged([two], before(digestOfEntry(one.entry), 'rejected'))).toMatchObject({ broken: [two.number] })
})

test('an entry waits for its predecessor, and so do those after it', () => {
  const ring = new KeyRing(root)
  judged([begin()], { ring })
  const [one, two, three] = chain(3) as [Candidate, Candidate, Candidate]
  const before = new Map([[placeOf(one), { digest: digestOfEntry(one.entry), state: 'waiting' }]] as const)
  const others = chain(2, uuid(2))
  expect(judged([two, three, ...others], { ring: ring.copy(), before })).toEqual({
    sealed: numbersOf(others),
    rejected: [],
    broken: []
  })
  // In a wrong order of the rows, which only someone who writes to the table can make.
  expect(judged([two, one], { ring: ring.copy() })).toMatchObject({ sealed: [one.number], broken: [] })
})

test('a revoked key signs none from its index on, also where the entry that revokes it comes later', () => {
  const ring = new KeyRing(root)
  const [one, two] = [chain(1, uuid(1)), chain(1, uuid(2))].flat() as [Candidate, Candidate]
  const revoke = keysOf({ revoke: [{ key: sink.vkey, index: 3 }] }, root, uuid(98))
  const keys = begin()
  expect(judged([keys, one, revoke, two], { ring })).toEqual({
    sealed: numbersOf([keys, one, revoke]),
    rejected: [[two.number, 'KEY_NOT_ALLOWED']],
    broken: []
  })
  expect(ring.allows(sink, 'sink', 2)).toBe(true)
  expect(ring.allows(sink, 'sink', 3)).toBe(false)
  expect(ring.allows(operator, 'operator', 3)).toBe(true)
  // Added once for all of the time of the log, under whatever role.
  const again = keysOf({ add: [{ key: sink.vkey, role: 'sink' }] }, root, uuid(97))
  expect(judged([again], { ring, size: 4 }).rejected).toEqual([[again.number, 'KEY_REPEATED']])
  const added = keysOf({ add: [{ key: privacy.vkey, role: 'privacy' }] }, root, uuid(96))
  expect(judged([added], { ring, size: 4 }).sealed).toEqual([added.number])
})
