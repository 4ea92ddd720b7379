import { describe, expect, test } from 'vitest'
import { entryPoints, manifest } from '../../support/project/manifest.ts'
import { packedProject } from '../../support/project/package.ts'

const project = await packedProject([
  'jest@30.5.2',
  `vitest@${manifest.devDependencies.vitest}`,
  `esbuild@${manifest.devDependencies.esbuild}`
])

test.each(entryPoints)('require() of Node takes %s', async name => {
  project.write('required.cjs', `console.log(Object.keys(require('${name}')).length > 0)\n`)
  expect(await project.do('node', ['required.cjs'])).toBe('true\n')
})

describe('esbuild --bundle --platform=node', () => {
  test.each(entryPoints)('a bundle of %s runs', async name => {
    project.write('entry.mjs', `import * as all from '${name}'\nconsole.log(Object.keys(all).length > 0)\n`)
    // nodemailer is an optional peer, and not installed here.
    const options = ['--bundle', '--platform=node', '--external:nodemailer', '--log-level=error']
    await project.do('esbuild', ['entry.mjs', ...options, '--outfile=bundle.cjs'])
    expect(await project.do('node', ['bundle.cjs'])).toBe('true\n')
  })

  test('an ES module needs a require() for the CommonJS in it, as docs/packaging.md says', async () => {
    project.write('entry.mjs', `import { createProducer } from 'eventtrail'\nconsole.log(typeof createProducer)\n`)
    const banner =
      "--banner:js=import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"
    const options = ['--bundle', '--platform=node', '--format=esm', '--external:nodemailer', banner]
    await project.do('esbuild', ['entry.mjs', ...options, '--log-level=error', '--outfile=bundle.mjs'])
    expect(await project.do('node', ['bundle.mjs'])).toBe('function\n')
  })
})

// A handler as a function, an event on the in-process bus: what a user tests first.
const userTest = (imports: string) => `${imports}
import { createBus, memoryStore } from 'eventtrail/bus'
import { catalogueOf } from 'eventtrail/schemas'

const catalogue = catalogueOf({
  'order.placed': [{ type: 'record', name: 'OrderPlaced', fields: [{ name: 'product', type: 'string' }] }]
})

test('a handler gets what was published', async () => {
  const bus = createBus({ catalogue, store: memoryStore() })
  const products = []
  const subscription = bus.subscribe('confirmations', { eventNames: ['order.placed'] })
  await bus.publish('order.placed', crypto.randomUUID(), { product: 'shoes' })
  await bus.close()
  for await (const item of subscription) if (item.kind === 'event') products.push(item.envelope.payload.product)
  expect(products).toEqual(['shoes'])
})
`

test('vitest runs a test of a handler without any settings', async () => {
  project.write('vitest/order.test.mjs', userTest("import { expect, test } from 'vitest'"))
  const { code, stdout, stderr } = await project.run('vitest', ['run', '--root', 'vitest'])
  expect([code, `${stdout}${stderr}`]).toEqual([0, expect.stringContaining('1 passed')])
})

test('Jest does, with its ES modules, as docs/testing.md says', async () => {
  project.write(
    'jest/package.json',
    JSON.stringify({ type: 'module', jest: { transform: {}, testMatch: ['**/*.test.js'] } })
  )
  project.write('jest/order.test.js', userTest("import { expect, test } from '@jest/globals'"))
  const jest = 'node_modules/jest/bin/jest.js'
  const { code, stdout, stderr } = await project.run('node', [
    '--experimental-vm-modules',
    jest,
    '--rootDir',
    'jest',
    '--config',
    'jest/package.json'
  ])
  expect([code, `${stdout}${stderr}`]).toEqual([0, expect.stringContaining('1 passed')])
})
