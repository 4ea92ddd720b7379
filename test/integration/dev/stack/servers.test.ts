import { Client } from 'pg'
import { expect, test } from 'vitest'
import { testEnvironment } from '../../../support/stack.ts'

const environment = await testEnvironment()

test('a file has a database of its own', async () => {
  const client = new Client({ connectionString: environment.databaseUrl })
  await client.connect()
  try {
    const { rows } = await client.query('SELECT current_database() AS name')
    expect(rows[0].name).toMatch(/^t_[0-9a-f]{8}$/)
    const { rows: durable } = await client.query(
      "SELECT bool_and(setting = 'on') AS on FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes')"
    )
    expect(durable[0].on).toBe(true)
  } finally {
    await client.end()
  }
})

test('the registry takes a schema under a subject with the prefix of the file', async () => {
  const answer = await fetch(
    `${environment.registryUrl}/subjects/${environment.topicPrefix}lesson.published-value/versions`,
    {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify({ schema: '"string"' })
    }
  )
  expect(answer.status).toBe(200)
  expect(await answer.json()).toMatchObject({ id: expect.any(Number) })
})
