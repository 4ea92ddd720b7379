import { randomUUID } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import { type OpenSearchIndexOptions, openSearchIndex } from '../../../consumers/indexer/index.ts'
import { printed, searchIndexConformance } from '../../conformance/search-index.ts'
import { searchRebuildConformance } from '../../conformance/search-rebuild.ts'
import { testOpenSearch } from '../../support/opensearch.ts'
import { fakeServer } from './fake-server.ts'

const url = await testOpenSearch()
const newName = () => `t-${randomUUID()}`

async function open(options: Partial<OpenSearchIndexOptions> = {}) {
  const index = await openSearchIndex({ url, name: newName(), settings: { replicas: 0 }, ...options })
  afterAll(() => index.close())
  return index
}

searchIndexConformance('OpenSearch', async () => {
  const index = await open()
  await index.check()
  return { index }
})

searchRebuildConformance('OpenSearch', async () => {
  const index = await open()
  await index.check()
  return index
})

const ask = (path: string, method = 'GET', body?: object) =>
  fetch(`${url}/${path}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
  })

test('creates the index once, with its fields, when several members start at once', async () => {
  const name = newName()
  const members = await Promise.all([open({ name }), open({ name }), open({ name })])
  await Promise.all(members.map(member => member.check()))
  const answer = (await (await ask(`${name}`)).json()) as Record<string, { mappings: { dynamic: string } }>
  expect(Object.keys(answer)).toEqual([`${name}-v000001`])
  expect(answer[`${name}-v000001`]?.mappings).toMatchObject({ dynamic: 'false' })
})

test('without the alias events wait, and no index of its name is created', async () => {
  const index = await open()
  await expect(index.putMany([printed({ text: 'early' })])).rejects.toMatchObject({
    code: 'SEARCH_INDEX_MISSING',
    retryable: true
  })
  await expect(index.search('early')).rejects.toMatchObject({ code: 'SEARCH_INDEX_MISSING' })
  expect((await ask(index.name)).status).toBe(404)
})

test('a document that the mapping refuses is blamed alone, and nothing of it is said', async () => {
  const name = newName()
  await ask(`${name}-v000001`, 'PUT', {
    aliases: { [name]: {} },
    mappings: { properties: { title: { type: 'integer' }, deleted: { type: 'boolean' } } }
  })
  const index = await open({ name })
  const refused = await index.putMany([
    printed({ text: 'one' }),
    printed({ text: 'two', title: 'Secret words' }),
    printed({ text: 'three' })
  ])
  expect(refused[0]).toBeUndefined()
  expect(refused[1]).toMatchObject({ code: 'DOCUMENT_REFUSED', retryable: false })
  expect(refused[1]?.message).toBe(
    'OpenSearch refuses a document because of what is in it (400 mapper_parsing_exception)'
  )
  expect(refused[2]).toBeUndefined()
  await index.refresh()
  expect(await index.count()).toBe(2)
})

test('an index that takes no writes for now is waited for', async () => {
  const index = await open()
  await index.check()
  const block = (on: boolean) => ask(`${index.name}/_settings`, 'PUT', { 'index.blocks.write': on })
  await block(true)
  const change = printed({ text: 'patience' })
  await expect(index.putMany([change])).rejects.toMatchObject({ code: 'SEARCH_UNAVAILABLE', retryable: true })
  await block(false)
  expect(await index.putMany([change])).toEqual([undefined])
})

test('another language has its own stems', async () => {
  const index = await open({ language: 'german' })
  await index.check()
  await index.putMany([printed({ text: 'Die Häuser am Bach' })])
  await index.refresh()
  expect((await index.search('Haus')).hits).toMatchObject([{ highlight: [{}, { text: 'Häuser', match: true }, {}] }])
  expect((await index.search('die')).hits).toEqual([])
})

test.each([
  [429, {}, 'SEARCH_UNAVAILABLE', true],
  [503, {}, 'SEARCH_UNAVAILABLE', true],
  [401, {}, 'SEARCH_DENIED', true],
  [403, { error: { type: 'security_exception' } }, 'SEARCH_DENIED', true],
  [403, { error: { type: 'cluster_block_exception' } }, 'SEARCH_UNAVAILABLE', true],
  [405, {}, 'SEARCH_FAILED', false]
])('an answer %i %j is %s', async (status, body, code, retryable) => {
  const server = await fakeServer({ status, body })
  const index = await open({ url: server.url })
  await expect(index.putMany([printed({ text: 'x' })])).rejects.toMatchObject({ code, retryable })
  expect(index.reach.reached).toBe(false)
})

test('a request that is too large is halved, and a single document that is too large is refused', async () => {
  const server = await fakeServer({ status: 413 })
  const index = await open({ url: server.url })
  const refused = await index.putMany([printed({ text: 'x' }), printed({ text: 'y' })])
  expect(refused.map(error => (error as { code?: string } | undefined)?.code)).toEqual([
    'DOCUMENT_REFUSED',
    'DOCUMENT_REFUSED'
  ])
  expect(server.seen).toHaveLength(3)
})

test('logs in by key, URL or password, each time with the secret of the moment', async () => {
  const server = await fakeServer({ status: 200, body: { count: 0 } })
  const secrets = ['first', 'second']
  const withKey = await open({ url: server.url, auth: { apiKey: () => secrets.shift() ?? 'none' } })
  await withKey.count()
  await withKey.count()
  const inUrl = await open({ url: server.url.replace('//', '//ada:p%40ss@') })
  await inUrl.count()
  const basic = await open({ url: server.url, auth: { basic: { username: 'ada', password: 'lovelace' } } })
  await basic.count()
  const base64 = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
  expect(server.seen).toEqual(['ApiKey first', 'ApiKey second', base64('ada:p@ss'), base64('ada:lovelace')])
})

test('says what is wrong with a connection, and repeats no password', async () => {
  const away = await open({ url: 'http://ada:hidden@127.0.0.1:1' })
  const error = await away.count().catch((thrown: unknown) => thrown as Error)
  expect(error).toMatchObject({ code: 'SEARCH_UNAVAILABLE', message: expect.stringContaining('ECONNREFUSED') })
  expect(String(error)).not.toContain('hidden')
  const plain = await fakeServer({ status: 200 })
  const tls = await open({ url: plain.url.replace('http:', 'https:') })
  await expect(tls.count()).rejects.toMatchObject({
    code: 'SEARCH_TLS',
    message: expect.stringContaining('begin OPENSEARCH_URL with http://')
  })
  await expect(openSearchIndex({ url: 'localhost:9200' })).rejects.toMatchObject({ option: 'url' })
  await expect(openSearchIndex({ url, name: 'Upper' })).rejects.toMatchObject({ option: 'name' })
  await expect(openSearchIndex({ url, auth: {} as never })).rejects.toMatchObject({ option: 'auth' })
})
