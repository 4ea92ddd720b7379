import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createBus } from '../../../producers/bus/index.ts'
import { loadCatalogue } from '../../../schemas/index.ts'
import { postgresEventStore } from '../../../trail/index.ts'
import { testOpenSearch } from '../../support/opensearch.ts'
import { runCli } from '../../support/processes/cli.ts'
import { testEnvironment } from '../../support/stack.ts'

const environment = await testEnvironment()
const url = await testOpenSearch()
const folder = mkdtempSync(join(tmpdir(), 'search-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const schemas = ['--schemas', 'cli/init/template/schemas']
const mappings = join(folder, 'mappings.json')
writeFileSync(
  mappings,
  JSON.stringify({
    documents: {
      'order.placed': {
        id: '{payload.order_id}',
        title: 'Order',
        text: [{ text: '{payload.product}', weight: 'B' }],
        data: { quantity: { field: 'payload.quantity' } }
      }
    }
  })
)
const inPostgres = { ...environment.env, OPENSEARCH_URL: '' }
const inOpenSearch = {
  ...environment.env,
  OPENSEARCH_URL: url,
  OPENSEARCH_INDEX: `t-${randomUUID()}`,
  OPENSEARCH_REPLICAS: '0'
}

async function done(args: readonly string[], env: Readonly<Record<string, string>>, input = '') {
  const result = await runCli(args, env, input)
  expect([result.code, result.stderr]).toEqual([0, expect.any(String)])
  return result
}
const orders = [
  { order_id: randomUUID(), product: 'red running shoes', quantity: 1 },
  { order_id: randomUUID(), product: 'blue shoes for the rain', quantity: 2 },
  { order_id: randomUUID(), product: 'a raincoat', quantity: 2 }
]

beforeAll(async () => {
  await done(['migrate', '--with', 'indexer'], inPostgres)
  await done(['schemas', 'register', ...schemas], inPostgres)
  const lines = orders.map(payload => JSON.stringify({ aggregate_id: payload.order_id, payload }))
  await done(['publish', 'order.placed', ...schemas], inPostgres, `${lines.join('\n')}\n`)
})

test.each([
  ['Postgres', inPostgres],
  ['OpenSearch', inOpenSearch]
])('%s: an index is built from Kafka, and searched with highlights, filters and pages', async (name, env) => {
  const rebuilt = await done(['index', 'rebuild', ...schemas, '--mappings', mappings], env)
  expect(rebuilt.stdout).toBe('rebuilt: 3 events, 3 written; the index has 3 documents\n')
  expect(rebuilt.stderr).toContain(`into a new index in ${name}`)
  const [red, blue] = orders
  const shown = await done(['search', 'shoe', '--limit', '1'], env)
  expect(shown.stdout).toMatch(/^\S{36} {2}\d{4}-\d\d-\d\d {2}Order: (red running|blue) \*shoes\*/)
  const [, after = ''] = /--after (\S+)/.exec(shown.stderr) ?? []
  const next = await done(['search', 'shoe', '--limit', '1', '--after', after], env)
  expect([shown.stdout.slice(0, 36), next.stdout.slice(0, 36)].sort()).toEqual([red?.order_id, blue?.order_id].sort())
  expect(next.stderr).not.toContain('--after')
  const narrowed = await done(['search', 'shoe', '--where', 'quantity=2', '--event', 'order.placed', '--json'], env)
  expect(JSON.parse(narrowed.stdout)).toMatchObject({
    id: blue?.order_id,
    title: 'Order',
    data: { quantity: 2 },
    highlight: [{ text: 'blue ' }, { text: 'shoes', match: true }, { text: ' for the rain' }]
  })
  expect((await done(['search', '--where', 'quantity="2"', 'shoe'], env)).stderr).toContain('Nothing found among 3')
  expect((await done(['search', '--prefix', 'rainc'], env)).stdout).toContain('rain')
})

test('events that Kafka no longer has come from the trail', async () => {
  const catalogue = await loadCatalogue('cli/init/template/schemas')
  await using store = postgresEventStore(environment.connection)
  await using bus = createBus({ catalogue, store })
  const payload = { order_id: randomUUID(), product: 'an umbrella of old', quantity: 1 }
  await bus.publish('order.placed', payload.order_id, payload)
  const rebuild = ['index', 'rebuild', ...schemas, '--mappings', mappings]
  await done(rebuild, inPostgres)
  expect((await done(['search', 'umbrella'], inPostgres)).stdout).toBe('')
  const { stdout } = await done([...rebuild, '--from', 'trail'], inPostgres)
  expect(stdout).toBe('rebuilt: 4 events, 4 written; the index has 4 documents\n')
  expect((await done(['search', 'umbrella'], inPostgres)).stdout).toContain('an *umbrella* of old')
})

test('a wrong configuration is said before anything is asked', async () => {
  const wrong = async (env: Readonly<Record<string, string>>) => {
    const { code, stderr } = await runCli(['search', 'x'], { ...inOpenSearch, ...env })
    return [code, stderr]
  }
  expect(await wrong({ OPENSEARCH_USERNAME: 'ada' })).toEqual([2, expect.stringContaining('OPENSEARCH_PASSWORD')])
  expect(await wrong({ OPENSEARCH_API_KEY: 'a', OPENSEARCH_API_KEY_FILE: 'b' })).toEqual([
    2,
    expect.stringContaining('both set')
  ])
  expect(await wrong({ OPENSEARCH_CA_LOCATION: 'ca.pem' })).toEqual([2, expect.stringContaining('https://')])
  expect(await wrong({ SEARCH_LANGUAGE: 'klingon' })).toEqual([2, expect.stringContaining('expected one of simple')])
  const { code, stderr } = await runCli(['index', 'rebuild', '--example', '--from', 'nowhere'], inPostgres)
  expect([code, stderr]).toEqual([2, expect.stringContaining('--from: expected one of kafka, trail')])
})
