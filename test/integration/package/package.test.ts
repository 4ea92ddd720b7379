import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cloneRoot } from '../../../dev/tools/folders.ts'

// The package as a user gets it: packed, installed in an empty project outside of the clone.
const run = promisify(execFile)
const manifest = JSON.parse(readFileSync(join(cloneRoot, 'package.json'), 'utf8')) as {
  version: string
  exports: Record<string, unknown>
}
const subpaths = Object.keys(manifest.exports).filter(path => path !== './package.json')
const names = subpaths.map(path => `eventtrail${path.slice(1)}`)

let folder: string
let project: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'eventtrail package '))
  project = join(folder, 'project')
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'project', private: true, type: 'module' }))
  const path = `${dirname(process.execPath)}:${process.env.PATH}`
  const env = { ...process.env, PATH: path, npm_config_loglevel: 'error' }
  await run('npm', ['pack', '--pack-destination', folder], { cwd: cloneRoot, env })
  const tarball = join(folder, `eventtrail-${manifest.version}.tgz`)
  const options = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts']
  await run('npm', ['install', ...options, tarball], { cwd: project, env })
}, 180_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function node(script: string): Promise<unknown> {
  const file = join(project, 'script.mjs')
  writeFileSync(file, script)
  const { stdout } = await run(process.execPath, [file], { cwd: project })
  return JSON.parse(stdout)
}

test.each(names)('%s can be imported and exports something', async name => {
  const exported = await node(`console.log(JSON.stringify(Object.keys(await import('${name}'))))`)
  expect(exported).not.toEqual([])
})

test('the producer loads no database driver', async () => {
  const loaded = await node(`
    import { registerHooks } from 'node:module'
    const loaded = []
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) })
    await import('eventtrail/producer')
    console.log(JSON.stringify(loaded))
  `)
  expect(loaded).toContainEqual(expect.stringContaining('eventtrail/dist/producers/index.js'))
  expect(loaded).not.toContainEqual(expect.stringMatching(/node_modules\/(pg|pg-copy-streams)\//))
})

test('its command says what it can do, with the example catalogue inside', async () => {
  const command = join(project, 'node_modules', '.bin', 'eventtrail')
  const help = await run(process.execPath, [command, '--help'], { cwd: project })
  expect(help.stdout).toContain('Usage: eventtrail')
  expect(help.stdout).not.toContain('stack')
  const catalogue = await run(process.execPath, [command, 'schemas', 'list', '--example'], { cwd: project })
  expect(catalogue.stdout).toContain('lesson.published')
})

test.each([
  ['stack', 'up'],
  ['demo'],
  ['bench', '--help']
])('its command says that %s is only in a clone', async (...words) => {
  const command = join(project, 'node_modules', '.bin', 'eventtrail')
  await expect(run(process.execPath, [command, ...words], { cwd: project })).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining(`\`eventtrail ${words[0]}\` is only in a clone of the repository`)
  })
})

test('its types need nothing that the package does not bring', async () => {
  const imports = names.map((name, index) => `import * as part${index} from '${name}'\nvoid part${index}\n`)
  writeFileSync(join(project, 'types.ts'), imports.join(''))
  const compilerOptions = {
    strict: true,
    noEmit: true,
    module: 'nodenext',
    target: 'es2024',
    lib: ['es2024', 'esnext.disposable'],
    types: ['node'],
    typeRoots: [join(cloneRoot, 'node_modules', '@types')]
  }
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['types.ts'] }))
  const tsc = join(cloneRoot, 'node_modules', 'typescript', 'bin', 'tsc')
  const { stdout } = await run(process.execPath, [tsc, '-p', project], { cwd: project }).catch(
    (failure: { stdout: string }) => failure
  )
  expect(stdout).toBe('')
})
