import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import { cloneRoot } from '../../../dev/tools/folders.ts'

const read = (...path: string[]): string => readFileSync(join(cloneRoot, ...path), 'utf8')

interface Locked {
  readonly version: string
  readonly dev?: boolean
  readonly link?: boolean
}
interface Component {
  readonly name: string
  readonly version: string
  readonly scope: string
  readonly hashes: readonly { readonly alg: string; readonly content: string }[]
}

beforeAll(async () => {
  await promisify(execFile)(process.execPath, [join(cloneRoot, 'dev', 'tools', 'sbom.mjs')])
})

/** The optional peers that the image has, and what they need. */
const ofOptionalPeers = [
  'nodemailer',
  '@opensearch-project/opensearch',
  'aws4fetch',
  'hyparquet',
  'hyparquet-writer',
  ...['aws4', 'debug', 'json11', 'ms', 'secure-json-parse']
]

/** What the lock file says is installed with the package: not our tools, nor what a clone needs besides. */
function installed(): string[] {
  const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> }
  const { optionalDependencies } = JSON.parse(read('dev', 'package.json')) as { optionalDependencies: object }
  return Object.entries(packages).flatMap(([path, { version, dev = false, link = false }]) => {
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
    const ours = path.startsWith('node_modules/') && !link && !Object.hasOwn(optionalDependencies, name)
    return ours && (!dev || ofOptionalPeers.includes(name)) ? [`${name}@${version}`] : []
  })
}

test('the bill of materials has every package that is installed with eventtrail, with its SHA-512', () => {
  const bill = JSON.parse(read('sbom', 'eventtrail.cdx.json')) as {
    bomFormat: string
    metadata: { component: { name: string } }
    components: Component[]
  }
  expect(bill).toMatchObject({ bomFormat: 'CycloneDX', metadata: { component: { name: 'eventtrail' } } })
  expect(bill.components.map(({ name, version }) => `${name}@${version}`).sort()).toEqual(installed().sort())
  for (const { name, hashes } of bill.components) expect(hashes, name).toMatchObject([{ alg: 'SHA-512' }])
  expect(bill.components.find(({ name }) => name === 'nodemailer')?.scope).toBe('optional')
})

test('the list of licenses has all of them', () => {
  const rows = [...read('sbom', 'licenses.md').matchAll(/^\| (\S+) \| (\d\S*) \| (.+) \|$/gm)]
  expect(rows.map(([, name, version]) => `${name}@${version}`).sort()).toEqual(installed().sort())
  expect(rows.filter(([, , , license]) => license === 'unknown')).toEqual([])
})
