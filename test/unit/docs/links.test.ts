import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'
import { cloneRoot } from '../../../dev/tools/folders.ts'
import { type Page, page, pages, proseOf } from '../../support/project/docs.ts'

/** How a page of the package links to what is only in the repository. */
const repository = 'https://github.com/eventtrail/eventtrail/blob/main/'

const packed = (JSON.parse(readFileSync(join(cloneRoot, 'package.json'), 'utf8')) as { files: string[] }).files
const isPacked = (path: string): boolean =>
  [...packed, 'README.md', 'package.json'].some(each => path === each || path.startsWith(`${each}/`))

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
      const inRepository = target.startsWith(repository)
      if (/^[a-z]+:/.test(target) && !inRepository) continue
      const [file = '', anchor] = target.replace(repository, '').split('#')
      const path = inRepository ? file : file ? normalize(join(dirname(each.path), file)) : each.path
      if (!existsSync(join(cloneRoot, path))) broken.push(target)
      else if (!inRepository && isPacked(each.path) && !isPacked(path)) broken.push(`${target} is not in the package`)
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
