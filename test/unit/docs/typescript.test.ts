import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { cloneRoot } from '../../../dev/tools/folders.ts'
import { generateTypes, loadCatalogue } from '../../../schemas/index.ts'
import { fencesOf, pages } from '../../support/project/docs.ts'
import { exportedPaths } from '../../support/project/manifest.ts'

const fences = pages()
  .flatMap(fencesOf)
  .filter(({ language }) => language === 'ts')

test('every block of TypeScript in README and docs compiles', async () => {
  expect(fences.map(({ page }) => page)).toContain('README.md')
  // Inside of the clone, so that the types of its dependencies are found; git ignores it.
  mkdirSync(join(cloneRoot, '.eventtrail'), { recursive: true })
  const folder = mkdtempSync(join(cloneRoot, '.eventtrail', 'docs-'))
  try {
    const compilerOptions = {
      paths: exportedPaths(),
      allowImportingTsExtensions: true,
      rewriteRelativeImportExtensions: false,
      noUnusedLocals: false,
      noUnusedParameters: false,
      types: ['node']
    }
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: join(cloneRoot, 'tsconfig.json'), compilerOptions, include: ['*.ts'] })
    )
    // What `eventtrail init` writes.
    writeFileSync(
      join(folder, 'events.ts'),
      generateTypes(await loadCatalogue(join(cloneRoot, 'cli', 'init', 'template', 'schemas')))
    )
    for (const { page, line, text, given = '' } of fences) {
      // The lines of the file are those of the page, so that an error names the right one.
      const source = '\n'.repeat(line - 1) + text.replaceAll("from '../", `from '${cloneRoot}/`)
      writeFileSync(join(folder, `${page.replaceAll('/', '~')}~${line}.ts`), `${source}\n${given}\nexport {}\n`)
    }
    const tsc = join(cloneRoot, 'node_modules', 'typescript', 'bin', 'tsc')
    const { stdout } = await promisify(execFile)(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], {
      cwd: folder
    }).catch((failure: { stdout: string }) => failure)
    expect(stdout).toBe('')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}, 60_000)
