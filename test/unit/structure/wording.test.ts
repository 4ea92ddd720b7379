import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { settings } from '../../../cli/config.ts'
import { cloneRoot } from '../../../dev/tools/folders.ts'
import { pages, proseOf } from '../../support/project/docs.ts'
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
  [/\bbehind\b(?! (a|an|the) (proxy|pooler))/i, 'after; "lagging" or "lag" for a position in a log'],
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
  [/\bhow it is\b(?! (kept|\w+ed)\b)/i, 'status, health']
]

/** Words that comments and titles of tests had most: a product's texts have them in other meanings too. */
const alsoInComments: typeof instead = [
  [/\btold\b/i, 'is reported, gets, is called'],
  [/\b(lies|stands|stood)\b/i, 'is, is in, is stored'],
  [/\bflows?\b(?!\.)/i, 'is read, is stored, is published'],
  [/\b(went|going) on\b/i, 'continue'],
  [/\b(are|were) to be\b/i, 'must be, has to be']
]

const shipped = ['api', ...rooms]

/** Comments, strings and regular expressions. */
const token =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`|\/(?![*/\s])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[dgimsuvy]*(?=[\s,.;)\]}])/g

/** What comes before the title of a test: `it(`, `describe.each(…)(`, or the end of a table of cases. */
const beforeTitle = /(?:\b(?:it|test|describe)(?:\.\w+)*(?:\((?:[^()]|\([^()]*\))*\))?|\]\))\(\s*$/

type Kind = 'comment' | 'string' | 'title'

/** The texts of a source: comments, and strings of several words, with what is put into a template left out. */
function textsOf(source: string, ...kinds: readonly Kind[]): string[] {
  return [...source.matchAll(token)]
    .map(({ 0: text, index }) => ({ text, kind: kindOf(text, source.slice(Math.max(0, index - 400), index)) }))
    .filter(({ text, kind }) => kind !== undefined && kinds.includes(kind) && text.includes(' '))
    .map(({ text }) => text.replace(/\n\s*(\*|\/\/)? ?/g, ' ').replace(/\$\{[^}]*\}/g, '…'))
}

function kindOf(text: string, before: string): Kind | undefined {
  if (/^\/[/*]/.test(text)) return 'comment'
  if (text.startsWith('/')) return undefined
  return beforeTitle.test(before) ? 'title' : 'string'
}

function faultsOf(text: string, words = instead): string[] {
  return words.flatMap(([word, better]) => {
    const [found] = word.exec(text) ?? []
    return found === undefined ? [] : [`"${found}" (write ${better}): ${text}`]
  })
}

const faultsIn = (folder: string, words: typeof instead, ...kinds: readonly Kind[]): string[] =>
  sourceFiles([folder]).flatMap(file =>
    textsOf(readFileSync(join(cloneRoot, file), 'utf8'), ...kinds)
      .flatMap(text => faultsOf(text, words))
      .map(fault => `${file}: ${fault}`)
  )

test.each([...shipped, 'dev', 'examples'])('every text of %s that a person reads is in the standard terms', folder => {
  expect(faultsIn(folder, instead, 'string')).toEqual([])
})

test.each([...shipped, 'dev', 'examples', 'test'])('so is every comment of %s', folder => {
  expect(faultsIn(folder, [...instead, ...alsoInComments], 'comment')).toEqual([])
})

test('so is the title of every test', () => {
  expect(faultsIn('test', [...instead, ...alsoInComments], 'title')).toEqual([])
})

// Decisions are dated records; the other two repeat what a measured run had in its report.
const readPages = pages().filter(({ path }) => !/decisions\/|benchmarks|guarantees/.test(path))

test.each(readPages.map(page => page.path))('so is %s', path => {
  const [page] = readPages.filter(each => each.path === path)
  const lines =
    page === undefined
      ? []
      : proseOf(page)
          .replace(/\]\([^)]*\)/g, ']')
          .split('\n')
  expect(lines.length).toBeGreaterThan(1)
  expect(lines.flatMap(line => faultsOf(line, [...instead, ...alsoInComments]))).toEqual([])
})

test('so is the help of every metric and setting', () => {
  const helps = [...Object.entries(metrics), ...Object.entries(settings)].map(([name, { help }]) => `${name} ${help}`)
  expect(helps.length).toBeGreaterThan(50)
  expect(helps.flatMap(text => faultsOf(text))).toEqual([])
})

test('a word of the list would be noticed, in any kind of text', () => {
  const source = `// made anew
    log.info('it is made anew', x) /* nobody's
     * fault, out of
     * reach */
    it.each([1])('tells %d', () => expect(text).toMatch(/'behind /))
    test.each([
      { a: f() }
    ])('told of a', work)`
  const found = (...kinds: readonly Kind[]) =>
    textsOf(source, ...kinds).flatMap(text =>
      faultsOf(text, [...instead, ...alsoInComments]).map(fault => fault.slice(0, 9))
    )
  expect(found('comment')).toEqual(['"anew" (w', '"out of r', '"nobody" '])
  expect(found('string')).toEqual(['"anew" (w'])
  expect(found('title')).toEqual(['"tells" (', '"told" (w'])
})
