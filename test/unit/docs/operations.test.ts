import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { exitCodes } from '../../../cli/command.ts'
import { cloneRoot } from '../../../dev/tools/folders.ts'
import { page } from '../../support/project/docs.ts'

const { text } = page('docs/operations.md')

const sources = ['sink', 'trail', 'operations', 'kafka', 'consumers']
  .flatMap(room =>
    readdirSync(join(cloneRoot, room), { recursive: true, encoding: 'utf8' }).map(name => join(cloneRoot, room, name))
  )
  .filter(path => path.endsWith('.ts'))
  .map(path => readFileSync(path, 'utf8'))
  .join('\n')

test('the exit codes are those of the code', () => {
  const listed = [...text.matchAll(/^\| (\d+) \| /gm)].map(([, number]) => Number(number))
  expect(listed).toEqual(Object.values(exitCodes))
})

test('the lines of the log that it explains are written by the code', () => {
  const phrases = [...text.matchAll(/`([a-z]+(?: [a-z,]+){2,})`/g)].map(([, phrase = '']) => phrase)
  const quoted = phrases.filter(phrase => !phrase.startsWith('eventtrail ') && !phrase.startsWith('npm '))
  expect(quoted.length).toBeGreaterThan(5)
  expect(quoted.filter(phrase => !sources.includes(phrase))).toEqual([])
})
