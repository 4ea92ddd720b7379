import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { cloneRoot } from '../../../dev/tools/folders.ts'

/** A page of the documentation. */
export interface Page {
  /** From the root of the clone: `docs/trail.md`. */
  readonly path: string
  readonly text: string
}

/** A block of code in a page. */
export interface Fence {
  readonly page: string
  /** Of its first line of code, from 1. */
  readonly line: number
  readonly language: string
  readonly text: string
  /**
   * What is in a comment right above the block, which no reader sees: `given` is what the block takes from
   * around it (`<!-- given: declare const child: ChildProcess -->`), `not run` says why a test leaves it out.
   */
  readonly given: string | undefined
  readonly notRun: string | undefined
}

/** README, CONTRIBUTING, CHANGELOG and everything in docs/. */
export function pages(): Page[] {
  const inDocs = readdirSync(join(cloneRoot, 'docs'), { recursive: true, encoding: 'utf8' })
  const paths = [
    'README.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    'test/integrity/README.md',
    ...inDocs.filter(name => name.endsWith('.md')).map(name => join('docs', name))
  ]
  return paths.sort().map(path => ({ path, text: readFileSync(join(cloneRoot, path), 'utf8') }))
}

/** The page of this path. */
export function page(path: string): Page {
  if (!existsSync(join(cloneRoot, path))) throw new Error(`there is no page ${path}`)
  return { path, text: readFileSync(join(cloneRoot, path), 'utf8') }
}

/**
 * Holds what is between two marks of a page against what the code gives; with UPDATE_DOCS=1 it writes that instead.
 * @param start with its line break: what is generated begins after it
 */
export function expectGenerated(path: string, start: string, end: string, made: string): void {
  const { text } = page(path)
  const from = text.indexOf(start) + start.length
  const to = text.indexOf(end)
  expect(from).toBeGreaterThan(start.length)
  expect(to).toBeGreaterThanOrEqual(from)
  if (process.env.UPDATE_DOCS) writeFileSync(join(cloneRoot, path), text.slice(0, from) + made + text.slice(to))
  else expect(text.slice(from, to)).toBe(made)
}

/** The blocks of code of a page. */
export function fencesOf({ path, text }: Page): Fence[] {
  const lines = text.split('\n')
  const fences: Fence[] = []
  for (let index = 0; index < lines.length; index += 1) {
    const language = /^```(\w*)$/.exec(lines[index] ?? '')?.[1]
    if (language === undefined) continue
    const end = lines.indexOf('```', index)
    if (end < 0) throw new Error(`${path}: the block of line ${index + 1} does not end`)
    const remark = (name: string) => new RegExp(`^<!-- ${name}: (.*) -->$`).exec(lines[index - 1] ?? '')?.[1]
    fences.push({
      page: path,
      line: index + 2,
      language,
      text: lines.slice(index + 1, end).join('\n'),
      given: remark('given'),
      notRun: remark('not run')
    })
    index = end
  }
  return fences
}

/** The page without its blocks of code. */
export const proseOf = ({ text }: Page): string => text.replace(/^```\w*\n[\s\S]*?^```$/gm, '')

/** Holds a whole file against what the code gives; with UPDATE_DOCS=1 it writes that instead. */
export function expectGeneratedFile(path: string, made: string): void {
  const file = join(cloneRoot, path)
  if (process.env.UPDATE_DOCS) writeFileSync(file, made)
  else expect(existsSync(file) ? readFileSync(file, 'utf8') : '').toBe(made)
}
