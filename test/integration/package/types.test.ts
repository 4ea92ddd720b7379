import { describe, expect, test } from 'vitest'
import { entryPoints, manifest } from '../../support/project/manifest.ts'
import { packedProject } from '../../support/project/package.ts'

const versions = ['5.8', '5.9', '6', '7']
const project = await packedProject([
  ...versions.map(version => `typescript-${version.replace('.', '-')}@npm:typescript@${version}`),
  `@types/node@${manifest.devDependencies['@types/node']}`
])
await project.do('eventtrail', ['init', '.'])

const imports = entryPoints.map((name, index) => `import * as part${index} from '${name}'`)
const parts = entryPoints.map((_, index) => `part${index}`)
project.write('src/all.ts', `${imports.join('\n')}\nexport const all: readonly object[] = [${parts.join(', ')}]\n`)

describe.each(versions)('TypeScript %s', version => {
  test.each([
    ['nodenext', 'nodenext'],
    ['bundler', 'esnext']
  ])('takes every entry point and the first project, with moduleResolution %s', async (moduleResolution, module) => {
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
    const file = `tsconfig.${version}.${moduleResolution}.json`
    project.write(file, JSON.stringify({ compilerOptions, include: ['src'] }))
    const tsc = `node_modules/typescript-${version.replace('.', '-')}/bin/tsc`
    const { stdout } = await project.run('node', [tsc, '-p', file, '--pretty', 'false'])
    expect(stdout).toBe('')
  })
})
