import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { cloneRoot } from '../../../dev/tools/folders.ts'
import { composeNote, parseNote, signatureTypes, signerOf, signNote, signText } from '../../../proof/index.ts'
import {
  type Bundle,
  checkpointOf,
  cleanBundle,
  resigned,
  trustText,
  writeBundle
} from '../../support/proof/bundles/bundle.ts'
import { pemOf, testSigner } from '../../support/proof/keys.ts'
import { runVerifier as run, runVectors, verifier } from '../../support/proof/verifier.ts'

const folder = mkdtempSync(join(tmpdir(), 'eventtrail-verify-'))
afterAll(() => rmSync(folder, { recursive: true }))

const digestOf = (text: string): string => createHash('sha256').update(text).digest('base64')

const vectors = join(cloneRoot, 'docs/proof-vectors.json')

test('verify.mjs is one file that imports nothing but two modules of Node.js', () => {
  const imports = [...readFileSync(verifier, 'utf8').matchAll(/^import .* from '(.*)'$|import\(|require\(/gm)]
  expect(imports.map(([, from]) => from)).toEqual(['node:crypto', 'node:fs'])
})

describe('vectors', () => {
  test('agree with it', () => {
    expect(runVectors(vectors)).toMatchObject({ status: 0, codes: [] })
  })

  const other = Buffer.alloc(32, 7).toString('base64')
  test.each<[string, (text: string) => string]>([
    ['canonical JSON', text => text.replace('"canonical": "{}"', '"canonical": "{ }"')],
    ['a row', text => text.replace(/"leaf": ".*"/, `"leaf": "${other}"`)],
    ['a root of a stretch', text => text.replace(/("rows": 300,\s+"root": ").*"/, `$1${other}"`)],
    ['a digest', text => text.replace(/"digest_hex": "../, '"digest_hex": "zz')],
    ['a note', text => text.replace('"note": "one line', '"note": "one lime')],
    ['a root of the log', text => text.replace(/("size": 256,\s+"root": ").*"/, `$1${other}"`)],
    ['an entry', text => text.replace('"text": "eventtrail/bus@v1', '"text": "eventtrail/buss@v1')]
  ])('are compared: %s that differs is found', (_, change) => {
    const text = readFileSync(vectors, 'utf8')
    expect(change(text)).not.toBe(text)
    writeFileSync(join(folder, 'vectors.json'), change(text))
    expect(runVectors(join(folder, 'vectors.json'))).toMatchObject({ status: 1 })
  })

  test('that are too large for the file agree too: limits of digits, of depth and of bytes', () => {
    const all = JSON.parse(readFileSync(vectors, 'utf8'))
    const zeros = (count: number): string => '0'.repeat(count)
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
    const pair = (text: string, canonical: string) => ({ text, canonical })
    all.canonical_json.valid.push(
      pair('1e16384', `1${zeros(16_384)}`),
      pair('-1.5e131071', `-15${zeros(131_070)}`),
      pair('0.001e131074', `1${zeros(131_071)}`),
      pair('0e1073741822', '0'),
      pair('-0e-16383', `0.${zeros(16_383)}`),
      pair(`1.${zeros(16_383)}`, `1.${zeros(16_383)}`),
      pair(nested(1_000), nested(1_000))
    )
    all.canonical_json.invalid.push('10e131071', '0e1073741823', '0e-16384', `1.${zeros(16_384)}`, nested(1_001))
    // Of three bytes a character, so that a limit of characters would take it.
    const signer = testSigner('school.example/trail/sink-1')
    const noteOf = (bytes: number): string => {
      const signed = Buffer.byteLength(signNote('\n', signer))
      const [letters, rest] = [Math.floor((bytes - signed) / 3), (bytes - signed) % 3]
      return signNote(`${'€'.repeat(letters)}${'a'.repeat(rest)}\n`, signer)
    }
    expect(Buffer.byteLength(noteOf(1_000_000))).toBe(1_000_000)
    all.notes.valid.push({ note: noteOf(1_000_000), vkeys: [signer.vkey], signed: [signer.name] })
    all.notes.invalid.push({ note: noteOf(1_000_001), vkeys: [signer.vkey], why: 'too many bytes' })
    writeFileSync(join(folder, 'vectors.json'), JSON.stringify(all))
    const { status, output } = runVectors(join(folder, 'vectors.json'))
    expect({ status, output: output.slice(0, 200) }).toEqual({ status: 0, output: 'vectors     all agree\n' })
  })
})

describe('a bundle', () => {
  const check = (change: (bundle: Bundle) => void = () => undefined) => {
    const bundle = cleanBundle()
    change(bundle)
    writeBundle(folder, bundle)
    return run(join(folder, 'bundle'), '--trust', join(folder, 'trust.txt'))
  }

  test('that is clean verifies', () => {
    const { status, codes, output } = check()
    expect({ status, codes }).toEqual({ status: 0, codes: [] })
    expect(output).toContain('6 of 6 hold')
    expect(output).toContain('68 recomputed')
  })

  type Row = Bundle['rows'][number]
  const at = ({ rows }: Bundle, offset: number): number => rows.findIndex(({ row }) => row.offset === BigInt(offset))
  const changeRow = (bundle: Bundle, index: number, change: Partial<Row['row']>): void => {
    const each = bundle.rows[index] as Row
    bundle.rows[index] = { ...each, row: { ...each.row, ...change } }
  }
  const entry = (bundle: Bundle, index: number): string => bundle.entries[index] as string

  /** A second entry of the writer of this one. */
  const follow = (bundle: Bundle, index: number, name: string, change: (text: string) => string): void => {
    const before = entry(bundle, index)
    const followed = (text: string): string =>
      text.replace(/previous .*/, () => `previous ${digestOf(before)}`).replace(' 0\nprevious', ' 1\nprevious')
    bundle.entries.push(resigned(before, text => change(followed(text)), name))
  }
  const replaceAdded = (bundle: Bundle, lines: string): void =>
    follow(bundle, 0, 'root', text => text.replace(/add .*/s, () => lines))
  const vkeyOf = (name: string): string => testSigner(`school.example/trail/${name}`).vkey
  const leaveOut = (text: string): string =>
    text.replace(' 5 28 24 0 0 0 ', ' 35 58 0 0 0 24 ').replace(/ 0 \S+ -\n/, ' 0 - -\n')

  test('joins the stretches of a group and a prefix, and no others', () => {
    expect(check(b => follow(b, 3, 'sink-1', leaveOut)).codes).toEqual(['OFFSETS_HOLE'])
    const elsewhere = ([from, to]: readonly [string, string]) =>
      check(b => follow(b, 3, 'sink-1', text => leaveOut(text).replace(from, to)))
    expect(elsewhere(['group "sink"', 'group "other sink"'])).toMatchObject({ status: 0, codes: [] })
    expect(elsewhere(['prefix ""', 'prefix "badge."'])).toMatchObject({ status: 0, codes: [] })
  })

  test('may have topics of several prefixes', () => {
    const { status, output } = check(b => {
      b.entries[3] = resigned(
        entry(b, 3),
        text => text.replace('prefix ""', 'prefix "school."').replace('stretch ', 'stretch school.'),
        'sink-1'
      )
    })
    expect(output).toContain('68 recomputed')
    expect(status).toBe(0)
  })

  test('does not believe what a key has signed before it was revoked, from the index on that is said', () => {
    const { status, codes, output } = check(b => replaceAdded(b, `revoke ${vkeyOf('sink-1')} 2\n`))
    expect(codes.filter(code => code === 'KEY_NOT_ALLOWED')).toHaveLength(2)
    expect(output).toContain('entry 2, batch, is signed by a key that was revoked later')
    expect(status).toBe(1)
  })

  test('that is no UTF-8 is found', () => {
    writeBundle(folder, cleanBundle())
    const file = join(folder, 'bundle/log/checkpoint')
    const log = testSigner('school.example/trail')
    const text = `${parseNote(readFileSync(file, 'utf8')).text}\ufffd\n`
    const [before, after] = signNote(text, log).split('\ufffd') as [string, string]
    const trust = join(folder, 'log.txt')
    writeFileSync(trust, trustText.replace(/witness .*\n/, '').replace('quorum w1', 'quorum none'))
    const checkpoint = (...bytes: number[]) => {
      writeFileSync(file, Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]))
      return run(file, '--trust', trust)
    }
    expect(checkpoint(0xef, 0xbf, 0xbd)).toMatchObject({ status: 0 })
    expect(checkpoint(0xff)).toMatchObject({ status: 1, codes: ['NOTE_INVALID'] })
  })

  const renamed = signerOf('school.example/trail/sink-9', pemOf('school.example/trail/sink-1'))
  const witness = testSigner('school.example/trail/w1', signatureTypes.cosignature)

  test.each<[string, readonly string[], (bundle: Bundle) => void]>([
    ['a key that is added twice', ['KEY_NOT_ALLOWED'], b => replaceAdded(b, `add ${vkeyOf('sink-1')} sink\n`)],
    ['a key that is added under another name', ['KEY_NOT_ALLOWED'], b => replaceAdded(b, `add ${renamed.vkey} sink\n`)],
    ['the root as a key of a role', ['KEY_NOT_ALLOWED'], b => replaceAdded(b, `add ${vkeyOf('root')} operator\n`)],
    ['a key of a witness for entries', ['ENTRY_FORGED'], b => replaceAdded(b, `add ${witness.vkey} sink\n`)],
    [
      'an entry that two keys have signed',
      ['ENTRY_FORGED', 'LIST_CHANGED', 'ROW_ADDED'],
      b => {
        const { text } = parseNote(entry(b, 4))
        const signers = ['operator', 'sink-1'].map(name => testSigner(`school.example/trail/${name}`))
        b.entries[4] = composeNote({ text, signatures: signers.map(signer => signText(text, signer)) })
      }
    ],
    ['a byte of a payload', ['ROWS_CHANGED'], b => changeRow(b, 20, { payload: '{"reason": "Two quizzes"}' })],
    ['the time of an event', ['ROWS_CHANGED'], b => changeRow(b, 20, { occurredAt: 5n })],
    ['who did it', ['ROWS_CHANGED'], b => changeRow(b, 20, { actor: null })],
    ['the row of the bus', ['ROWS_CHANGED'], b => changeRow(b, b.rows.length - 1, { payload: '{}' })],
    ['the row from quarantine', ['ROWS_CHANGED'], b => changeRow(b, at(b, 40), { payload: '{}' })],
    ['a row that is gone', ['ROW_MISSING'], b => void b.rows.splice(at(b, 12), 1)],
    [
      'two rows that changed places',
      ['ROWS_CHANGED'],
      b => {
        changeRow(b, 3, { offset: 4n })
        changeRow(b, 4, { offset: 3n })
      }
    ],
    [
      'a row of a free offset',
      ['ROW_ADDED'],
      b => void b.rows.push({ ...(b.rows[0] as Row), row: { ...(b.rows[0] as Row).row, offset: 99n } })
    ],
    [
      'a row without an offset',
      ['ROW_ADDED'],
      b => {
        const [first] = b.rows as [Row]
        b.rows.push({
          ...first,
          row: { ...first.row, id: '0199d6a0-0000-7000-8000-000000009999', partition: null, offset: null }
        })
      }
    ],
    ['a row twice', ['ROW_TWICE'], b => void b.rows.push(b.rows[5] as Row)],
    [
      'a row that was recorded later',
      ['RECORDED_AT_OUTSIDE'],
      b => {
        b.rows[5] = { ...(b.rows[5] as Row), recorded: '2026-12-24T00:00:00.000000Z' }
      }
    ],
    [
      'no cosignature',
      ['QUORUM_MISSING'],
      b => {
        b.checkpoint = entries => checkpointOf(entries, false)
      }
    ],
    [
      'a checkpoint of fewer entries',
      ['ENTRY_MISSING'],
      b => {
        b.checkpoint = entries => checkpointOf([...entries.slice(0, -1), 'another'])
      }
    ],
    [
      'an entry that was changed',
      ['ENTRY_FORGED', 'LIST_CHANGED', 'ROW_ADDED'],
      b => {
        b.entries[4] = entry(b, 4).replace(' 40\n', ' 39\n')
      }
    ],
    [
      'an entry of a key that no one added',
      ['ENTRY_FORGED', 'LIST_CHANGED', 'ROW_ADDED'],
      b => {
        b.entries[4] = resigned(entry(b, 4), text => text, 'operator-2')
      }
    ],
    [
      'an entry of a key of another role',
      ['KEY_NOT_ALLOWED', 'LIST_CHANGED', 'ROW_ADDED'],
      b => {
        b.entries[4] = resigned(entry(b, 4), text => text, 'sink-1')
      }
    ],
    [
      'an entry that was taken out',
      ['CHAIN_BROKEN', ...Array<string>(37).fill('ROW_ADDED')],
      b => void b.entries.splice(1, 1)
    ]
  ])('with %s is found', (_, codes, change) => {
    const { status, codes: found, output } = check(change)
    expect(found, output).toEqual(codes)
    expect(status).toBe(1)
  })

  test('is not verified by a policy that does not know its log, and files that are missing have their code', () => {
    writeBundle(folder, cleanBundle())
    const trust = join(folder, 'none.txt')
    writeFileSync(trust, `${trustText.split('\n')[1]}\nquorum none\n`)
    expect(run(join(folder, 'bundle/log/checkpoint'), '--trust', trust)).toMatchObject({
      status: 1,
      codes: ['NOTE_INVALID']
    })
    expect(run(join(folder, 'bundle/log/checkpoint'), '--trust', join(folder, 'trust.txt')).status).toBe(0)
    writeFileSync(trust, 'trust everyone\n')
    expect(run(join(folder, 'bundle/log/checkpoint'), '--trust', trust).status).toBe(2)
    expect(run(join(folder, 'bundle'), '--trust', join(folder, 'no.txt')).status).toBe(3)
    rmSync(join(folder, 'bundle/log/checkpoint'))
    expect(run(join(folder, 'bundle'), '--trust', join(folder, 'trust.txt')).status).toBe(3)
    expect(run().status).toBe(2)
    expect(run(folder).status).toBe(2)
  })
})
