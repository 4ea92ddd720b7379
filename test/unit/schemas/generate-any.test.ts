import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cloneRoot } from '../../../dev/tools/folders.ts'
import { type CatalogueData, catalogueOf, generateTypes } from '../../../schemas/index.ts'
import { runs } from '../../support/properties.ts'
import { payloads } from '../../support/schemas/schema-shapes.ts'

const eventNames = fc.constantFrom('lesson.published', 'uint8.array', 'a.b', 'a.b.input', 'readonly.array', 'x1.y2.z3')
const catalogues: fc.Arbitrary<CatalogueData> = fc.dictionary(
  eventNames,
  payloads({ attributes: true }).map(({ schema }) => [schema]),
  { minKeys: 1, maxKeys: 3, noNullPrototype: true }
)

/** Runs a generated file; what it gave to `catalogueOf`, and every name outside of it that it used. */
function evaluate(source: string): { data: unknown; used: string[] } {
  const code = stripTypeScriptTypes(source)
    .replace(/^import .*$/m, '')
    .replace('export const catalogue', 'const catalogue')
  const given: unknown[] = []
  const used = new Set<string>()
  const allowed: Record<string, unknown> = {
    JSON: { parse: JSON.parse },
    catalogueOf: (data: unknown) => given.push(data)
  }
  const scope = new Proxy(allowed, {
    has: () => true,
    get: (target, name) => {
      if (typeof name === 'symbol') return undefined
      used.add(name)
      return Object.hasOwn(target, name) ? target[name] : () => undefined
    }
  })
  new Function('scope', `with (scope) { ${code} }`)(scope)
  expect(given).toHaveLength(1)
  return { data: given[0], used: [...used].sort() }
}

const sorted = (data: CatalogueData) => Object.fromEntries(Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1)))

describe('a generated file', () => {
  it('is data: it gives the schemas as they are, and uses nothing but JSON.parse and catalogueOf', () => {
    fc.assert(
      fc.property(catalogues, data => {
        const { data: read, used } = evaluate(generateTypes(catalogueOf(data)))
        expect(used).toEqual(['JSON', 'catalogueOf'])
        // The order of attributes is not the schema's content, and `type` comes first.
        expect(read).toEqual(sorted(JSON.parse(JSON.stringify(data))))
      }),
      { numRuns: runs(200) }
    )
  }, 60_000)

  it('has nothing in it that an editor shows as something else', () => {
    fc.assert(
      fc.property(catalogues, data => {
        expect(generateTypes(catalogueOf(data))).not.toMatch(/[^\P{Cc}\n]|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/u)
      }),
      { numRuns: runs(50) }
    )
  }, 60_000)

  it('takes its import as a text', () => {
    const catalogue = catalogueOf({ 'a.b': [{ type: 'record', name: 'A', doc: 'A.', fields: [] }] })
    const source = generateTypes(catalogue, { importFrom: "x'; pwned(); '" })
    expect(source).toContain("from 'x\\'; pwned(); \\''")
  })

  it('compiles for whatever schemas, under the strictest settings', async () => {
    mkdirSync(join(cloneRoot, '.eventtrail'), { recursive: true })
    const folder = mkdtempSync(join(cloneRoot, '.eventtrail', 'generated-'))
    try {
      const compilerOptions = {
        declaration: true,
        isolatedDeclarations: true,
        rewriteRelativeImportExtensions: false,
        allowImportingTsExtensions: true,
        types: ['node']
      }
      writeFileSync(
        join(folder, 'tsconfig.json'),
        JSON.stringify({ extends: join(cloneRoot, 'tsconfig.json'), compilerOptions, include: ['all.ts'] })
      )
      const importFrom = './eventtrail.ts'
      writeFileSync(
        join(folder, 'eventtrail.ts'),
        [
          'export interface Catalogue<Events> { readonly events?: Events }',
          'export type Data = { readonly [name: string]: readonly { readonly type: "record"; readonly fields: readonly unknown[] }[] }',
          'export function catalogueOf<Events>(data: Data): Catalogue<Events> { void data; return {} }'
        ].join('\n')
      )
      const samples = fc.sample(catalogues, { numRuns: runs(200), seed: 1 })
      const files = samples.map((data, index) => {
        writeFileSync(join(folder, `events${index}.ts`), generateTypes(catalogueOf(data), { importFrom }))
        return `import * as events${index} from './events${index}.ts'\nvoid events${index}`
      })
      // Fields that every object seems to have can be left out, too.
      const inherited = Object.getOwnPropertyNames(Object.prototype).filter(name => !name.startsWith('__'))
      const field = (name: string) => ({ name, type: 'string', default: '' })
      const words = {
        type: 'record',
        name: 'Words',
        fields: [{ name: 'class', type: 'string' }, ...inherited.map(field)]
      }
      const wordsFile = generateTypes(catalogueOf({ 'key.words': [words as never] }), { importFrom })
      writeFileSync(join(folder, 'words.ts'), wordsFile)
      files.push(
        "import type { KeyWordsInput } from './words.ts'",
        "export const given: KeyWordsInput[] = [{ class: 'x' }, { class: 'x', constructor: 'y', toString: undefined }]",
        '// @ts-expect-error a number is no text',
        "export const wrong: KeyWordsInput = { class: 'x', constructor: 7 }"
      )
      writeFileSync(join(folder, 'all.ts'), files.join('\n'))
      const tsc = join(cloneRoot, 'node_modules', 'typescript', 'bin', 'tsc')
      const { stdout } = await promisify(execFile)(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], {
        cwd: folder
      }).catch((failure: { stdout: string }) => failure)
      expect(stdout.slice(0, 2_000)).toBe('')
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }, 120_000)

  // What goes over the blanks again from each of them takes minutes for so many, and the test does not get as long.
  it('writes a doc of 1,200,000 blanks', () => {
    const fields = [{ name: 'a', type: 'int', doc: `a${' '.repeat(400_000)}b${'\n '.repeat(400_000)}c` }]
    expect(generateTypes(catalogueOf({ 'a.b': [{ type: 'record', name: 'A', doc: 'A.', fields }] }))).toContain('b')
  })
})
