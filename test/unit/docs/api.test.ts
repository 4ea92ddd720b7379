import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { cloneRoot } from '../../../dev/tools/folders.ts'
import { ApiListing } from '../../support/project/api-listing.ts'

const entries = readdirSync(join(cloneRoot, 'api')).map(name => name.replace('.ts', ''))
const folder = join(cloneRoot, 'docs', 'api')

// In the clone, so that the types of its dependencies are found; git ignores it.
mkdirSync(join(cloneRoot, '.eventtrail'), { recursive: true })
const declarations = mkdtempSync(join(cloneRoot, '.eventtrail', 'api-'))
afterAll(() => rmSync(declarations, { recursive: true, force: true }))
const tsc = join(cloneRoot, 'node_modules', 'typescript', 'bin', 'tsc')
await promisify(execFile)(
  process.execPath,
  [tsc, '-p', 'tsconfig.build.json', '--emitDeclarationOnly', '--outDir', declarations],
  { cwd: cloneRoot }
)
const listing = new ApiListing()

// A change of the public API is a change of these files, and so is seen where changes are looked through.
test.each(
  entries
)('docs/api/%s.txt is what the entry point exports (UPDATE_DOCS=1 npm test -- --unit test/unit/docs writes it)', entry => {
  const made = listing.of(join(declarations, 'api', `${entry}.d.ts`))
  const file = join(folder, `${entry}.txt`)
  expect(made.length).toBeGreaterThan(500)
  if (process.env.UPDATE_DOCS) writeFileSync(file, made)
  else expect(existsSync(file) ? readFileSync(file, 'utf8') : '').toBe(made)
})

test('every exported name is listed', () => {
  const names = /export (?:type )?\{([^}]*)\}/g
  for (const entry of entries) {
    const source = readFileSync(join(cloneRoot, 'api', `${entry}.ts`), 'utf8')
    const text = listing.of(join(declarations, 'api', `${entry}.d.ts`))
    const exported = [...source.matchAll(names)].flatMap(([, list = '']) =>
      list
        .split(',')
        .map(name => name.trim().replace(/^type /, ''))
        .filter(Boolean)
    )
    expect(exported.length).toBeGreaterThan(3)
    expect(
      exported.filter(
        name => !new RegExp(`^(abstract )?(class|function|interface|type|const) ${name}\\b`, 'm').test(text)
      )
    ).toEqual([])
  }
})
