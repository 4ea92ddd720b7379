import { randomUUID } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { examineOpenSearch, openSearchIndex } from '../../../consumers/indexer/index.ts'
import { testOpenSearch } from '../../support/opensearch.ts'
import { runCli } from '../../support/processes/cli.ts'
import { nobody, unset } from '../cli/environments.ts'
import { fakeServer } from './fake-server.ts'

const url = await testOpenSearch()
const optionsFor = () => ({ url, name: `t-${randomUUID()}`, settings: { replicas: 0 } })
/** The levels, and the words of what is not as it should be. */
async function examined(options: Parameters<typeof examineOpenSearch>[0]) {
  const found = await examineOpenSearch(options)
  return found.map(({ level, words }) => (level === 'ok' ? 'ok' : `${level}: ${words}`))
}
const ask = (path: string, method: string, body?: object) =>
  fetch(`${url}/${path}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
  })

async function made() {
  const options = optionsFor()
  const index = await openSearchIndex(options)
  onTestFinished(() => index.close())
  await index.check()
  return { options, index }
}

test('before the first start an indexer has all to make, and after it all is there', async () => {
  const options = optionsFor()
  expect(await examined(options)).toEqual([
    'ok',
    expect.stringMatching(/^warning: there is no index t-\S+ yet: `eventtrail indexer` creates it/),
    expect.stringContaining('warning: there is no index template')
  ])
  const index = await openSearchIndex(options)
  onTestFinished(() => index.close())
  await index.check()
  expect(await examined(options)).toEqual(['ok', 'ok', 'ok', 'ok'])
  // It has only looked.
  expect(await index.count()).toBe(0)
})

test('another language, a name that is taken, a second index, a rebuild that was left: each is named with what to do', async () => {
  const { options, index } = await made()
  expect(await examined({ ...options, language: 'german' })).toEqual([
    'ok',
    'ok',
    expect.stringContaining('run `eventtrail index rebuild`'),
    expect.stringContaining('is of another version or language')
  ])
  await index.beginRebuild('left')
  expect(await examined(options)).toContainEqual(
    expect.stringContaining(`a rebuild is under way or was interrupted (${index.name}-v000002)`)
  )
  await ask('_aliases', 'POST', { actions: [{ add: { index: `${index.name}-v000002`, alias: index.name } }] })
  expect(await examined(options)).toContainEqual(expect.stringContaining('wrong: the alias'))
  const taken = optionsFor()
  await ask(taken.name, 'PUT')
  expect(await examined(taken)).toContainEqual(expect.stringMatching(/^wrong: t-\S+ is an index and no alias/))
})

test('copies that are missing, and an index that takes no writes', async () => {
  const { options, index } = await made()
  await ask(`${index.name}/_settings`, 'PUT', { 'index.number_of_replicas': 1, 'index.blocks.write': true })
  const found = await examined(options)
  expect(found).toContainEqual(expect.stringContaining('OPENSEARCH_REPLICAS to 0'))
  expect(found).toContainEqual(expect.stringMatching(/^wrong: the login may not write in/))
  await ask(`${index.name}/_settings`, 'PUT', { 'index.blocks.write': false })
})

test.each([
  [200, { version: { number: '9.1.0' } }, /^wrong: reached version 9\.1\.0 of a server that is not OpenSearch/],
  [
    200,
    { version: { number: '1.3.20', distribution: 'opensearch' } },
    /^wrong: reached version 1\.3\.20, which is too old/
  ],
  [401, {}, /^wrong: OpenSearch refuses the login/]
])('a server that answers %i %j is named', async (status, body, words) => {
  const server = await fakeServer({ status, body })
  expect(await examined({ url: server.url })).toEqual([expect.stringMatching(words)])
})

test('one that is unreachable is a finding too', async () => {
  expect(await examined({ url: 'http://127.0.0.1:1' })).toEqual([
    expect.stringMatching(/^wrong: OpenSearch is unreachable \(ECONNREFUSED\)/)
  ])
})

test('doctor has a line for each, where OpenSearch is configured', async () => {
  const { options } = await made()
  const env = { ...unset, ...nobody, OPENSEARCH_URL: url, OPENSEARCH_INDEX: options.name }
  const { stdout } = await runCli(['doctor'], env)
  const lines = stdout.split('\n').filter(line => line.includes('opensearch'))
  expect(lines).toHaveLength(4)
  expect(lines.every(line => line.startsWith('ok '))).toBe(true)
})
