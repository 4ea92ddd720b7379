import { composeEntry, type EntryKind, grammar, signatureTypes, signNote } from '../../../../proof/index.ts'
import { sampleEntries } from '../entries.ts'
import { testSigner } from '../keys.ts'

/** What is replaced in the sample of a kind, by what, and why it is then valid or not. */
type Change = readonly [kind: EntryKind, from: string | RegExp, to: string, why: string]

const hashOf = (byte: number): string => Buffer.alloc(32, byte).toString('base64')
const row = `1 0 0 0 0 ${hashOf(2)} -\n`
const log = testSigner('school.example/trail')
const stranger = testSigner('other.example/sink')
const witness = testSigner('school.example/trail/w1', signatureTypes.cosignature)
const bothTimes = /(20\S+) (20\S+)/
const added = /(add .*\n)/

const valid: readonly Change[] = [
  ['batch', ' 42\n', ' 9007199254740991\n', 'the largest count'],
  ['batch', /clock (\S+) .*/, 'clock $1 $1', 'the last time is the first'],
  ['retry', 'recorded 2026-11-26', 'recorded 2024-02-29', 'a leap day'],
  ['batch', '"sink"', '"größe \\"a\\"  b\\u0001\u2028"', 'a text with spaces and escapes'],
  ['batch', `500 0 0 0 0 ${hashOf(2)}`, '0 0 0 500 0 -', 'a stretch that is skipped'],
  ['batch', `500 0 0 0 0 ${hashOf(2)} -`, `0 0 0 0 500 - ${hashOf(4)}`, 'a stretch that is lost'],
  ['batch', /$/, `stretch quiz.submitted 0 1 1001 1001 ${row}`, 'two stretches meet'],
  ['batch', /$/, `stretch quiz.submitted 0 2 5 5 ${row}`, 'the next incarnation begins lower'],
  ['batch', / 3 1 4711/, ` 2 1 1 1 ${row}stretch badge.awarded 10 1 4711`, 'partitions are sorted by value'],
  [
    'bus',
    /id .*/s,
    `id -${'A'.repeat(21)}\nid ${'A'.repeat(22)}\nid _${'A'.repeat(21)}\n`,
    'ids are sorted as text, not as the bytes that they stand for'
  ],
  ['adopted', /block .*/s, '', 'nothing is adopted'],
  ['adopted', ' 9998 ', ' 10000 ', 'as many rows as offsets'],
  ['retention', /dropped .*\nkept .*/, 'kept 0 -', 'nothing is dropped or kept'],
  ['erasure', /key .*/s, '', 'an erasure without keys'],
  ['key', /revoke .*\n/, '', 'a key is added'],
  ['key', /add .*\n/, '', 'a key is revoked']
]

const invalid: readonly Change[] = [
  ['batch', 'eventtrail/batch@v1', 'eventtrail/batch@v2', 'no such kind'],
  ['batch', 'batch@v1', 'batch', 'a kind without its version'],
  ['batch', 'batch@v1', 'batches@v1', 'a kind that is none'],
  ['batch', 'form 1', 'form 2', 'no such form of rows'],
  ['batch', 'form 1', 'form 01', 'a form with a leading zero'],
  ['batch', ' 42\n', ' 042\n', 'a number with a leading zero'],
  ['batch', ' 42\n', '  42\n', 'two spaces'],
  ['batch', ' 42\n', ' 9007199254740992\n', 'a count past the largest'],
  ['batch', ' 42\n', ' -1\n', 'a negative count'],
  ['batch', ' 42\n', ' 4e1\n', 'a count with an exponent'],
  ['batch', 'prefix ""\n', '', 'a line is missing'],
  ['batch', 'prefix ""\n', 'prefix ""\nprefix ""\n', 'a line is there twice'],
  ['batch', '"sink"', '"s\\u0069nk"', 'a needless escape'],
  ['batch', '"sink"', '"a\\/b"', 'an escape that canonical JSON has not'],
  ['batch', '"sink"', 'sink', 'a text without quotation marks'],
  ['batch', '"sink"', '"sink" ', 'a space after a text'],
  ['batch', '"sink"', '1', 'a text that is a number'],
  ['batch', '5210 500', '5210 499', 'the offsets do not add up'],
  ['batch', '.101774Z', '.1017740Z', 'a time with more digits'],
  ['batch', '2026-11-26', '2026-11-31', 'no such day'],
  ['batch', 'stretch badge.awarded', 'stretch zzz', 'lines are not in order'],
  ['batch', 'previous AQ', 'previous AAQ', 'a hash that is none'],
  ['batch', 'AQE=\n', 'AQ==\n', 'a hash of 31 bytes'],
  ['batch', 'AQE=\n', 'AQEB\n', 'a hash of 33 bytes'],
  ['batch', 'AQE=\n', 'AQF=\n', 'a hash in another form of base64'],
  ['batch', 'AQE=\n', 'AQE\n', 'a hash without padding'],
  ['batch', hashOf(1), `${'_'.repeat(42)}8=`, 'a hash in base64url'],
  ['batch', hashOf(1), '-', 'no previous entry, and a number that is not 0'],
  ['bus', 'previous -', `previous ${hashOf(1)}`, 'a previous entry of number 0'],
  ['batch', '0199e0c2', '0199E0C2', 'a uuid in upper case'],
  ['batch', '0199e0c2-', '0199e0c2', 'a uuid without a dash'],
  ['batch', 'trail\n', 'trail+1\n', 'the name of a key with +'],
  ['batch', 'origin school.example/trail', 'origin ', 'the name of a key that is empty'],
  ['batch', 'badge.awarded', 'größe.geändert', 'a name that is not ASCII'],
  ['batch', bothTimes, '$2 $1', 'recorded: the last time is before the first'],
  ['batch', /clock (\S+) (\S+)/, 'clock $2 $1', 'clock: the last time is before the first'],
  ['batch', bothTimes, '$1', 'one time of two'],
  ['retry', /recorded (.*)/, 'recorded $1 $1', 'two times of one'],
  ['retry', 'T07:', 'T24:', 'no such hour'],
  ['retry', ':31:', ':60:', 'no such minute'],
  ['retry', ':02.', ':60.', 'a leap second'],
  ['retry', '774Z', '774z', 'a small z'],
  ['retry', '774Z', '774+00:00', 'a time zone'],
  ['retry', '101774Z', '101Z', 'three digits of a second'],
  ['retry', '2026-11-26', '2026-02-29', 'no leap day in this year'],
  ['retention', 'month 2026-10', 'month 2026-13', 'no such month'],
  ['retention', 'month 2026-10', 'month 2026-1', 'a month of one digit'],
  ['batch', /\n$/, '', 'the last line does not end'],
  ['batch', /$/, '\n', 'an empty line at the end'],
  ['batch', /$/, 'note 1\n', 'a line that the kind does not have'],
  ['batch', /\n$/, ' \n', 'a space at the end of a line'],
  ['batch', 'clock', ' clock', 'a space at the start of a line'],
  ['batch', /(recorded .*\n)(clock .*\n)/, '$2$1', 'lines in another order'],
  ['batch', /(origin .*\n)(writer .*\n)/, '$2$1', 'the first lines in another order'],
  ['batch', /(stretch .*\n)/, '$1$1', 'a stretch is there twice'],
  ['batch', /stretch .*/s, '', 'a batch without stretches'],
  ['batch', hashOf(2), '-', 'rows without a root'],
  ['batch', '500 0 0 0 0', '0 0 0 500 0', 'a root without rows'],
  ['batch', hashOf(4), '-', 'duplicates without a digest'],
  ['batch', '88 2 1', '91 0 0', 'a digest of nothing'],
  ['batch', '2 1 0', '0 0 3', 'a digest of what is skipped'],
  ['batch', /2 1 0 0 (\S+) .*/, '0 0 0 3 $1 -', 'lost offsets without a digest'],
  ['batch', /$/, `stretch quiz.submitted 0 1 1000 1000 ${row}`, 'two stretches overlap'],
  ['batch', / 3 1 4711/, ` 10 1 1 1 ${row}stretch badge.awarded 2 1 4711`, 'partitions are sorted as text'],
  ['bus', 'AAQ\n', 'AAR\n', 'an id in another form of base64url'],
  ['bus', 'AAQ\n', 'AAQ==\n', 'an id with padding'],
  ['bus', 'AAQ\n', 'A\n', 'an id of 15 bytes'],
  ['bus', /(id .*\n)(id .*\n)/, '$2$1', 'ids are not sorted'],
  ['bus', /(id .*\n)/, '$1$1', 'an id is there twice'],
  ['bus', /id .*/s, '', 'no ids'],
  ['bus', hashOf(2), '-', 'a root that may not be missing'],
  ['resolution', 'discarded', 'ignored', 'a status that is none'],
  ['reset', /reset badge.*\n/, '', 'no partition is reset'],
  ['reset', /(reset badge.*)(5211 0\n)/, '$1$2$15212 0\n', 'a partition is reset twice'],
  ['adopted', ' 9998 ', ' 0 ', 'a block without rows'],
  ['adopted', ' 9998 ', ' 10001 ', 'more rows than offsets'],
  ['adopted', /(block .*\n)(bus .*\n)/, '$2$1', 'the bus before the blocks'],
  ['retention', 'kept 12', 'kept 0', 'a digest of no leaves'],
  ['retention', hashOf(6), '-', 'kept leaves without a digest'],
  ['redaction', 'gdpr17', 'gdpr 17', 'a name of two words'],
  ['redaction', 'gdpr17', '', 'a name that is empty'],
  ['erasure', 'done', 'open', 'a state that is none'],
  ['erasure', /(key .*\n)(key .*\n)/, '$2$1', 'keys are not sorted'],
  ['loss', /lost .*\n/, '', 'nothing is lost'],
  ['batch', '"sink"', '"a\\u0000b"', 'U+0000 in a text'],
  ['batch', / 4711 5210 500 0 0 0 0 \S+/, ' 4711 4710 0 0 0 0 0 -', 'an empty stretch'],
  ['batch', 'badge.awarded 3 1', 'badge.awarded 3 0', 'an incarnation of a stretch that is 0'],
  ['retry', 'badge.awarded 3 1', 'badge.awarded 3 0', 'an incarnation of a record that is 0'],
  ['retry', 'recorded 2026-11-26', 'recorded 0000-11-26', 'the year 0000'],
  ['resolution', '4713 4713', '4713 4712', 'a record whose last is before its first'],
  ['reset', '3 2 5211 0', '3 0 5211 0', 'a reset to the incarnation 0'],
  ['adopted', /bus (\S+) (\S+)/, 'bus $2 $1', 'ids of the bus whose last is before the first'],
  ['retention', 'month 2026-10', 'month 2026-09', 'bounds of another month'],
  ['retention', '2026-11-01T00:00:00.000000Z', '2026-10-31T23:59:59.999999Z', 'bounds that end within the month'],
  ['retention', ' 0 1204999', ' 2 1', 'what was dropped, whose last is before its first'],
  ['restored', '20000 20852', '20853 20852', 'more entries than the log has'],
  ['loss', '4711 5210', '4711 4710', 'a loss whose last is before its first'],
  ['key', / \S+ sink\n/, ` ${witness.vkey} sink\n`, 'a key of the type of witnesses'],
  ['key', / \S+ sink\n/, ` ${stranger.vkey} sink\n`, 'a key that is not below the log'],
  ['key', / \S+ sink\n/, ` ${log.vkey} sink\n`, 'the key of the log as that of a sink'],
  ['key', / sink\n/, ' log\n', 'a key below the log as that of the log'],
  ['key', /add .*/s, '', 'no key is added or revoked'],
  ['key', / sink\n/, ' root\n', 'a role that cannot be given'],
  ['key', 'sink-2+8', 'sink-2+9', 'a key whose id is not its own'],
  ['key', /(add .*\n)(revoke .*\n)/, '$2$1', 'revoke before add'],
  ['key', added, '$1$1', 'a key is added twice'],
  ['key', /(add .*)sink\n/, '$1bus\n$1sink\n', 'a key is added for two roles']
]

function changed([kind, from, to, why]: Change) {
  const before = composeEntry(sampleEntries[kind])
  const text = before.replace(from, to)
  if (text === before) throw new Error(`nothing is changed for: ${why}`)
  return { text, why }
}

export function entryVectors(): object {
  const sink = testSigner('school.example/trail/sink-1')
  const named = (kind: EntryKind) => ({ kind, role: grammar[kind].role })
  return {
    signed: { vkey: sink.vkey, note: signNote(composeEntry(sampleEntries.batch), sink) },
    valid: [
      ...Object.values(sampleEntries).map(entry => ({ ...named(entry.kind), text: composeEntry(entry) })),
      ...valid.map(change => ({ ...named(change[0]), ...changed(change) }))
    ],
    invalid: invalid.map(changed)
  }
}
