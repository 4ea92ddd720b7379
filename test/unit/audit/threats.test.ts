import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findingCodes } from '../../../audit/index.ts'
import { cloneRoot } from '../../../dev/tools/folders.ts'
import { page } from '../../support/project/docs.ts'

const { text } = page('docs/threats.md')
const noticed = text.slice(text.indexOf('## What is noticed'), text.indexOf('## What is not noticed'))
const lines = noticed.split('\n').filter(line => line.startsWith('| ') && !line.startsWith('| who '))

test('each threat that is noticed names tests that there are', () => {
  expect(lines.length).toBeGreaterThan(15)
  const missing = lines.flatMap(line => {
    const shown = line.split(' | ').at(-1) ?? ''
    const files = [...shown.matchAll(/`(test\/[^`]+)`: ((?:"[^"]+"(?:, )?)+)/g)]
    if (files.length === 0) return [`no test: ${line}`]
    return files.flatMap(([, file = '', titles = '']) => {
      if (!existsSync(join(cloneRoot, file))) return [`${file} is not there`]
      const code = readFileSync(join(cloneRoot, file), 'utf8')
      return [...titles.matchAll(/"([^"]+)"/g)].flatMap(([, title = '']) =>
        code.includes(`'${title}'`) ? [] : [`${file} has no "${title}"`]
      )
    })
  })
  expect(missing).toEqual([])
})

test('what notices it is a finding of the verifiers', () => {
  const codes = new Set([...text.matchAll(/`([A-Z]+_[A-Z_]+)`/g)].map(([, code = '']) => code))
  const known = new Set([...Object.keys(findingCodes), 'NOTE_INVALID'])
  expect([...codes].filter(code => !known.has(code))).toEqual([])
})
