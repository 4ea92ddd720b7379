import { existsSync } from 'node:fs'
import { basename, dirname, join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'
import { cloneRoot } from '../../../dev/tools/folders.ts'
import { type Page, page, pages, proseOf } from '../../support/docs.ts'

/** As the usual renderers name a heading. */
const slug = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-')

const anchorsOf = (each: Page): string[] =>
  [...proseOf(each).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => slug(heading))

describe.each(pages())('$path', each => {
  test('links to what is there', () => {
    const broken: string[] = []
    for (const [, target = ''] of proseOf(each).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue
      const [file = '', anchor] = target.split('#')
      const path = file ? normalize(join(dirname(each.path), file)) : each.path
      if (!existsSync(join(cloneRoot, path))) broken.push(target)
      else if (anchor !== undefined && path.endsWith('.md') && !anchorsOf(page(path)).includes(anchor))
        broken.push(target)
    }
    expect(broken).toEqual([])
  })
})

test('every page is in the index of its folder', () => {
  const unlisted = pages()
    .map(({ path }) => path)
    .filter(path => path.startsWith('docs/') && basename(path) !== 'README.md')
    .filter(path => !page(join(dirname(path), 'README.md')).text.includes(`](${basename(path)})`))
  expect(unlisted).toEqual([])
})
