import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { packedClone } from '../../../../cli/init/clone.ts'
import { projectFiles, writeProject } from '../../../../cli/init/project.ts'
import { cloneRoot } from '../../../../dev/tools/folders.ts'
import { exportedPaths } from '../../../support/project/manifest.ts'

const versions = { eventtrail: '^0.1.0', typescript: '^7.0.2', nodeTypes: '^24.0.0' }
let folder: string
beforeEach(() => {
  // Inside of the clone, so that the types of its dependencies are found; git ignores it.
  mkdirSync(join(cloneRoot, '.eventtrail'), { recursive: true })
  folder = mkdtempSync(join(cloneRoot, '.eventtrail', 'init '))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const manifestOf = () => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, object>
const give = (manifest: object) => writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))

test('what is written compiles with the settings that are written', async () => {
  writeProject(folder, await projectFiles(folder, versions))
  const own = JSON.parse(readFileSync(join(folder, 'tsconfig.json'), 'utf8')) as { compilerOptions: object }
  // Here the sources are compiled too, which need more than a user's own code: test/integration/package has no such help.
  const sources = { paths: exportedPaths(), target: 'esnext', lib: ['esnext'], skipLibCheck: true }
  const compilerOptions = { ...own.compilerOptions, ...sources }
  const tsconfig = { compilerOptions, include: ['src'] }
  writeFileSync(join(folder, 'tsconfig.test.json'), JSON.stringify(tsconfig))
  const tsc = join(cloneRoot, 'node_modules', 'typescript', 'bin', 'tsc')
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [tsc, '-p', 'tsconfig.test.json', '--pretty', 'false'],
    {
      cwd: folder
    }
  ).catch((failure: { stdout: string }) => failure)
  expect(stdout).toBe('')
}, 60_000)

test('nothing is overwritten, and nothing is added to what is there', async () => {
  mkdirSync(join(folder, 'src'))
  writeFileSync(join(folder, 'src', 'service.ts'), '// mine')
  await expect(projectFiles(folder, versions)).rejects.toThrow(/^src\/service\.ts is in .* already/)
  expect(existsSync(join(folder, 'eventtrail.json'))).toBe(false)
})

test('a package.json that is there keeps what it has, the version of eventtrail included', async () => {
  give({ name: 'mine', dependencies: { eventtrail: 'file:../eventtrail.tgz' }, scripts: { test: 'vitest' } })
  writeFileSync(join(folder, '.gitignore'), 'mine\n')
  writeProject(folder, await projectFiles(folder, versions))
  expect(manifestOf()).toMatchObject({
    name: 'mine',
    type: 'module',
    dependencies: { eventtrail: 'file:../eventtrail.tgz' },
    scripts: { test: 'vitest', start: 'exec node src/service.ts' }
  })
  expect(readFileSync(join(folder, '.gitignore'), 'utf8')).toBe('mine\n')
})

test('the type that npm init -y writes becomes module, unless code is there', async () => {
  give({ name: 'mine', main: 'index.js', scripts: { test: 'exit 1' }, type: 'commonjs' })
  expect(JSON.parse((await projectFiles(folder, versions)).get('package.json') ?? '')).toMatchObject({
    name: 'mine',
    main: 'index.js',
    type: 'module'
  })
  writeFileSync(join(folder, 'index.js'), "require('node:fs')")
  await expect(projectFiles(folder, versions)).rejects.toThrow('run `npm pkg set type=module`')
})

test.each([
  [{ type: 'other' }, 'run `npm pkg set type=module`'],
  [{ scripts: { start: 'node .' } }, 'scripts called start']
])('a package.json for something else is refused: %j', async (manifest, words) => {
  give(manifest)
  await expect(projectFiles(folder, versions)).rejects.toThrow(words)
})

test('a package.json that is none is named', async () => {
  writeFileSync(join(folder, 'package.json'), '[]')
  await expect(projectFiles(folder, versions)).rejects.toThrow('holds no JSON object')
})

test('from a clone, the package is the file that npm pack writes there', () => {
  const { version } = JSON.parse(readFileSync(join(cloneRoot, 'package.json'), 'utf8')) as { version: string }
  expect(packedClone(join(cloneRoot, '..', 'orders'), version)).toEqual({
    dependency: `file:../${basename(cloneRoot)}/eventtrail-${version}.tgz`,
    command: `(cd '../${basename(cloneRoot)}' && npm pack)`
  })
})
