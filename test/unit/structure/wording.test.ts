import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { settings } from '../../../cli/config.ts'
import { cloneRoot } from '../../../dev/tools/folders.ts'
import { metrics } from '../../support/project/metrics.ts'
import { rooms, sourceFiles } from '../../support/project/sources.ts'

/** What people read is written in the standard terms, which they also search for. What to write instead is on the right. */
const instead: readonly (readonly [RegExp, string])[] = [
  [/\banew\b/i, 'again, re-: "recreated", "rebuilt"'],
  [/\bout of reach\b/i, 'unreachable'],
  [/\bmend(s|ed|ing)?\b/i, 'fix'],
  [/\btell(s|ing)?\b/i, 'report, say, show'],
  [/\b(is|are|was|were|be|been) told\b/i, 'is reported'],
  [/\bgo(es)? on\b/i, 'resume, continue'],
  [/\bbehind\b/i, 'after; "lagging" or "lag" for a position in a log'],
  [/\bbeside\b/i, 'next to, besides, against'],
  [/\bfor ever\b/i, 'indefinitely'],
  [/\b(nobody|whoever|somebody|everybody)\b/i, 'no one, callers that, another program'],
  [/\bof ours\b/i, 'our'],
  [/\b(comes?|came|coming) to rest\b/i, 'is idle'],
  [/\b(lies?|stands?|stood) (in|on|at|there|under|behind|beside)\b/i, 'is in'],
  [/\bfigures\b/i, 'metrics, numbers'],
  [/\ball the same\b/i, 'anyway'],
  [/\bwhat there is\b/i, 'the list of …'],
  [/\bis to be\b/i, 'must be, has to be'],
  [/\bhow it is\b/i, 'status, health']
]

const folders = ['api', ...rooms, 'dev/demo', 'dev/stack', 'dev/testing']

/** Comments, which are passed over, and strings. */
const token = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g

/** The texts of a source: strings of several words, with what is put into a template left out. */
function textsOf(source: string): string[] {
  return [...source.matchAll(token)]
    .map(([text]) => text)
    .filter(text => !text.startsWith('/') && text.includes(' '))
    .map(text => text.replace(/\$\{[^}]*\}/g, '…'))
}

function faultsOf(text: string): string[] {
  return instead.flatMap(([word, better]) => {
    const [found] = word.exec(text) ?? []
    return found === undefined ? [] : [`"${found}" (write ${better}): ${text}`]
  })
}

test.each(folders)('every text of %s that a person reads is in the standard terms', room => {
  const found = sourceFiles([room]).flatMap(file =>
    textsOf(readFileSync(join(cloneRoot, file), 'utf8'))
      .flatMap(faultsOf)
      .map(fault => `${file}: ${fault}`)
  )
  expect(found).toEqual([])
})

test('so is the help of every metric and setting', () => {
  const helps = [...Object.entries(metrics), ...Object.entries(settings)].map(([name, { help }]) => `${name} ${help}`)
  expect(helps.length).toBeGreaterThan(50)
  expect(helps.flatMap(faultsOf)).toEqual([])
})

test('a word of the list would be noticed, in any kind of string and not in a comment', () => {
  const source = "// anew\nlog.info('it is made anew', x)\nconst words = `Kafka is out of reach` /* nobody's */\n"
  expect(
    textsOf(source)
      .flatMap(faultsOf)
      .map(fault => fault.slice(0, 6))
  ).toEqual(['"anew"', '"out o'])
})
