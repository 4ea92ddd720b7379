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

// They are not installed here.
const optionalPeers = [
  'nodemailer',
  '@opensearch-project/opensearch',
  'aws4fetch',
  'hyparquet',
  'hyparquet-writer'
].map(name => `--external:${name}`)

describe('esbuild --bundle --platform=node', () => {
  test.each(entryPoints)('a bundle of %s runs', async name => {
    project.write('entry.mjs', `import * as all from '${name}'\nconsole.log(Object.keys(all).length > 0)\n`)
    const options = ['--bundle', '--platform=node', ...optionalPeers, '--log-level=error']
    await project.do('esbuild', ['entry.mjs', ...options, '--outfile=bundle.cjs'])
    expect(await project.do('node', ['bundle.cjs'])).toBe('true\n')
  })

  test('an ES module needs a require() for the CommonJS in it, as docs/packaging.md says', async () => {
    project.write('entry.mjs', `import { createProducer } from 'eventtrail'\nconsole.log(typeof createProducer)\n`)
    const banner =
      "--banner:js=import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"
    const options = ['--bundle', '--platform=node', '--format=esm', ...optionalPeers, banner]
    await project.do('esbuild', ['entry.mjs', ...options, '--log-level=error', '--outfile=bundle.mjs'])
    expect(await project.do('node', ['bundle.mjs'])).toBe('function\n')
  })
})

// What a user tests first: a handler in a group without servers, and an event on the in-process bus.
const userTest = (imports: string) => `${imports}

const catalogue = catalogueOf({
  'order.placed': [{ type: 'record', name: 'OrderPlaced', fields: [{ name: 'product', type: 'string' }] }]
})

test('an order that fails is parked with what follows it, and redriven', async () => {
  const products = []
  let works = false
  const group = createTestGroup({
    catalogue,
    deadLetters: { policy: 'park' },
    handlers: {
      'order.placed': ({ payload }) => {
        if (!works) throw new Error('not yet')
        products.push(payload.product)
      }
    }
  })
  const order = crypto.randomUUID()
  for (const product of ['shoes', 'socks']) await group.publish('order.placed', order, { product })
  await group.settle()
  assert.deepEqual(group.deadLetters.map(({ code, attempts }) => [code, attempts]), [['Error', 5], ['AGGREGATE_PARKED', 0]])
  works = true
  group.redrive()
  await group.settle()
  assert.deepEqual([products, group.deadLetters, group.parked], [['shoes', 'socks'], [], []])
  await group[Symbol.asyncDispose]()
})

test('a subscriber of the bus gets what was published', async () => {
  const bus = createBus({ catalogue, store: memoryStore() })
  const products = []
  const subscription = bus.subscribe('confirmations', { eventNames: ['order.placed'] })
  await bus.publish('order.placed', crypto.randomUUID(), { product: 'shoes' })
  await bus.close()
  for await (const item of subscription) if (item.kind === 'event') products.push(item.envelope.payload.product)
  assert.deepEqual(products, ['shoes'])
})
`

const ours = [
  ['{ createBus, memoryStore }', 'eventtrail/bus'],
  ['{ catalogueOf }', 'eventtrail/schemas'],
  ['{ createTestGroup }', 'eventtrail/testing'],
  ['assert', 'node:assert/strict']
] as const
const imported = (more: string) => [more, ...ours.map(([names, from]) => `import ${names} from '${from}'`)].join('\n')
const required = ours.map(([names, from]) => `const ${names} = require('${from}')`).join('\n')

const jest = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js', '--rootDir']

test('vitest runs tests of handlers without any settings', async () => {
  project.write('vitest/order.test.mjs', userTest(imported("import { test } from 'vitest'")))
  const { code, stdout, stderr } = await project.run('vitest', ['run', '--root', 'vitest'])
  expect([code, `${stdout}${stderr}`]).toEqual([0, expect.stringContaining('2 passed')])
})

test('node:test does', async () => {
  project.write('node/order.test.mjs', userTest(imported("import { test } from 'node:test'")))
  const { code, stdout, stderr } = await project.run('node', ['--test', 'node/order.test.mjs'])
  expect([code, `${stdout}${stderr}`]).toEqual([0, expect.stringMatching(/^. pass 2$/m)])
})

test.each([
  ['ES modules', 'module', imported("import { test } from '@jest/globals'")],
  ['CommonJS', 'commonjs', required]
])('Jest does with %s, as docs/testing.md says', async (_, type, imports) => {
  const settings = { type, jest: { transform: {}, testMatch: ['**/*.test.js'] } }
  project.write(`jest-${type}/package.json`, JSON.stringify(settings))
  project.write(`jest-${type}/order.test.js`, userTest(imports))
  const { code, stdout, stderr } = await project.run('node', [
    ...jest,
    `jest-${type}`,
    '--config',
    `jest-${type}/package.json`
  ])
  expect([code, `${stdout}${stderr}`]).toEqual([0, expect.stringContaining('2 passed')])
})
