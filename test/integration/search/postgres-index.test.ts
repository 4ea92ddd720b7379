import pg from 'pg'
import { afterAll, expect, test } from 'vitest'
import { indexerMigrations, postgresIndex } from '../../../consumers/indexer/index.ts'
import { migrate } from '../../../postgres/migrate.ts'
import { printed, searchIndexConformance } from '../../conformance/search-index.ts'
import { searchRebuildConformance } from '../../conformance/search-rebuild.ts'
import { testEnvironment } from '../../support/stack.ts'

const { connection, databaseUrl } = await testEnvironment()
const client = new pg.Client({ connectionString: databaseUrl })
await client.connect()
afterAll(() => client.end())
await migrate(client, indexerMigrations)

const index = postgresIndex(connection)
afterAll(() => index.close())
await index.check()

searchIndexConformance('Postgres', async () => ({ index }))

test('what Postgres refuses of one document harms no other of the same call', async () => {
  const changes = ['first', 'second', 'third \u0000', 'fourth', 'fifth'].map(text =>
    printed({ text: `hoopoe ${text}` })
  )
  const refused = await index.putMany(changes)
  expect(refused.map(error => (error as { code?: string } | undefined)?.code)).toEqual([
    undefined,
    undefined,
    '22021',
    undefined,
    undefined
  ])
  expect((await index.search('hoopoe')).hits).toHaveLength(4)
})

test('takes the stems of another language', async () => {
  const german = postgresIndex(connection, { language: 'german' })
  await german.putMany([printed({ text: 'Die Häuser am Bach' })])
  expect((await german.search('Haus')).hits).toMatchObject([{ highlight: [{}, { text: 'Häuser', match: true }, {}] }])
  expect((await german.search('die')).hits).toEqual([])
  await german.close()
  expect(() => postgresIndex(connection, { language: 'klingon' as 'german' })).toThrow(/language/)
})

searchRebuildConformance('Postgres', async () => index)
