import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cloneRoot } from '../../../dev/tools/folders.ts'
import { entryPoints, manifest } from '../../support/project/manifest.ts'
import { packedProject } from '../../support/project/package.ts'

const versions = ['5.8', '5.9', '6', '7']
const resolutions = [
  ['nodenext', 'nodenext'],
  ['bundler', 'esnext']
] as const
const packageOf = (version: string) => `typescript-${version.replace('.', '-')}`

const project = await packedProject([
  ...versions.map(version => `${packageOf(version)}@npm:typescript@${version}`),
  `@types/node@${manifest.devDependencies['@types/node']}`
])
await project.do('eventtrail', ['init', '.'])

const imports = entryPoints.map((name, index) => `import * as part${index} from '${name}'`)
const parts = entryPoints.map((_, index) => `part${index}`)
project.write('src/all.ts', `${imports.join('\n')}\nexport const all: readonly object[] = [${parts.join(', ')}]\n`)

for (const [moduleResolution, module] of resolutions) {
  const compilerOptions = {
    target: 'es2023',
    lib: ['es2024', 'esnext.disposable'],
    module,
    moduleResolution,
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    declaration: true,
    isolatedDeclarations: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    skipLibCheck: false
  }
  project.write(`tsconfig.${moduleResolution}.json`, JSON.stringify({ compilerOptions, include: ['src'] }))
}
const configs = resolutions.map(([moduleResolution]) => `tsconfig.${moduleResolution}.json`)

// One process for both configurations: V8 has compiled the compiler by the second one.
test.concurrent.each(
  versions.slice(0, -1)
)('TypeScript %s takes every entry point and the first project, with moduleResolution nodenext and bundler', async version => {
  const script = join(cloneRoot, 'test', 'support', 'processes', 'check-types.mjs')
  const stdout = await project.do('node', [script, packageOf(version), ...configs])
  expect(stdout.replace(/\d+ declarations/g, 'some')).toBe(configs.map(config => `${config}: some\n`).join(''))
  expect(stdout).not.toMatch(/\b0 declarations/)
})

// Its compiler has no API for JavaScript, and checks everything in the time that the others take to begin.
test.concurrent.each(configs)('TypeScript 7 takes every entry point and the first project, with %s', async config => {
  const { stdout } = await project.run('node', [
    `node_modules/${packageOf('7')}/bin/tsc`,
    '-p',
    config,
    '--pretty',
    'false'
  ])
  expect(stdout).toBe('')
})
