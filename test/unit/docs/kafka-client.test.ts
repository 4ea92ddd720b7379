import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cloneRoot } from '../../../dev/tools/folders.ts'
import { patches } from '../../../kafka/kafkajs/patches/index.ts'
import { expectGenerated } from '../../support/project/docs.ts'

const folder = 'kafka/kafkajs/patches'
const start = `<!-- patches: made from ${folder}/index.ts -->\n`
const end = '<!-- end of patches -->'

const issue = (number: number): string => `[#${number}](https://github.com/tulios/kafkajs/issues/${number})`

function table(): string {
  const rows = Object.entries(patches).map(
    ([name, { fixes, issues }]) =>
      `| [${name}](https://github.com/eventtrail/eventtrail/blob/main/${folder}/${name}.ts) | ${fixes} | ${issues.length > 0 ? issues.map(issue).join(', ') : 'none found'} |`
  )
  return ['| patch | without it | upstream issues |', '|---|---|---|', ...rows].map(row => `${row}\n`).join('')
}

test('the table of patches is that of the code (UPDATE_DOCS=1 npm test -- test/unit/docs writes it)', () => {
  expectGenerated('docs/kafka-client.md', start, end, table())
})

test('every patch is in the table', () => {
  const files = readdirSync(join(cloneRoot, folder)).map(name => name.replace('.ts', ''))
  const parts = ['index', 'patch']
  expect(files.filter(name => !parts.includes(name)).sort()).toEqual(Object.keys(patches).sort())
})
