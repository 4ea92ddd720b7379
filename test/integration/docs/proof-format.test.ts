import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cloneRoot } from '../../../dev/tools/folders.ts'
import { runJava } from '../../support/proof/java-verifier.ts'

// test/verifiers/java/Verify.java is written from docs/proof-format.md alone: what both read the same is what the page says.
const vectorsFile = join(cloneRoot, 'docs', 'proof-vectors.json')
const vectorsText = readFileSync(vectorsFile, 'utf8')
const vectors = JSON.parse(vectorsText)
const zeros = Buffer.alloc(32).toString('base64')

/** Sets one value of the vectors; the last word of the way is its name. */
const set = (way: string, value: unknown) => ({ way, value })

const alterations = [
  set('canonical_json.valid.2.canonical', '{}'),
  set('canonical_json.invalid.3', '"a string that is whole"'),
  set('rows.0.actor', 'user:7f0d'),
  set('rows.1.row_hex', '000b'),
  set('rows.3.leaf', zeros),
  set('stretches.roots.4.root', zeros),
  set('stretches.paths.1.path.0.place', 0),
  set('stretches.paths.3.path.1.others.7', zeros),
  set('digests.aside.lines', 'd 911 0199d6a0-0000-7000-8000-000000000002\n'),
  set('digests.quarantined.1.timestamp', 0),
  set('digests.words.salt_hex', '00'.repeat(16)),
  set('digests.kept.rows', 4),
  set('notes.valid.0.signed', []),
  set('notes.valid.1.note', 'one line\n'),
  set('notes.invalid.1.vkeys.0', 'school.example/trail/sink-1+70677fe1+ASgFC/d7ny9t9GY4tt+WXre+e9jKHSqSzTBCvhEeCZ+I'),
  set('entries.signed.vkey', 'school.example/trail/sink-2+88829e98+Abefrp+NEmcirKS9tWqLLuLlFOVLrCXeChpvxQWg8DC/'),
  set('entries.valid.1.kind', 'batch'),
  set('entries.valid.6.text', 'eventtrail/retention@v1\n'),
  set('entries.invalid', vectors.entries.valid.slice(0, 1)),
  set('log.empty_root', zeros),
  set('log.roots.8.root', zeros),
  set('log.inclusion.5.path.3', zeros),
  set('log.consistency.2.path.0', zeros),
  set('tiles.new_tiles.3.count', 276),
  set('tiles.bundle_path', 'tile/entries/1234067'),
  set('tiles.bundle_hex', '0004'),
  set('checkpoints.text', 'school.example/trail\n'),
  set('checkpoints.valid.1.trust', 'quorum none\n'),
  set('checkpoints.invalid', vectors.checkpoints.valid.slice(0, 1)),
  set('further', [])
]

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'eventtrail-vectors-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const verify = runJava

function altered({ way, value }: ReturnType<typeof set>): string {
  const copy = JSON.parse(vectorsText)
  const names = way.split('.')
  const last = names.pop() ?? ''
  const holder = names.reduce((inside, name) => inside[name], copy)
  expect(holder[last], way).not.toEqual(value)
  holder[last] = value
  return JSON.stringify(copy)
}

test('a verifier in another language, written from the page, agrees with all vectors', async () => {
  const { code, stdout } = await verify(vectorsFile)
  const sections = Object.keys(vectors).filter(name => name !== 'about')
  expect(stdout.split('\n').filter(line => line.endsWith(' vectors hold'))).toHaveLength(sections.length)
  expect({ code, faults: stdout.split('\n').filter(line => line.startsWith(' ')) }).toEqual({ code: 0, faults: [] })
})

test('it finds each vector that is altered, in its section', async () => {
  const files = alterations.map((alteration, index) => {
    const file = join(folder, `${index}.json`)
    writeFileSync(file, altered(alteration))
    return file
  })
  const { code, stdout, stderr } = await verify(...files)
  // A verifier that fails by itself ends with 1 as well.
  expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
  const reports = stdout.split(/^\/.*\n/m).slice(1)
  expect(reports).toHaveLength(alterations.length)
  const found = reports.map(report => /^(\w+): (?!\d+ vectors hold)/m.exec(report)?.[1])
  expect(found).toEqual(alterations.map(({ way }) => way.split('.')[0]))
})
