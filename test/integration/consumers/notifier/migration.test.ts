import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import pg from 'pg'
import { afterAll, expect, test } from 'vitest'
import { deliveriesOn, mailsSubscription, notifierMigrations } from '../../../../consumers/notifier/index.ts'
import { migrate } from '../../../../postgres/migrate.ts'
import { testEnvironment } from '../../../support/stack.ts'

const { databaseUrl } = await testEnvironment()
const folder = mkdtempSync(join(tmpdir(), 'eventtrail-migrations-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('what was mailed before there were deliveries is not mailed again', async () => {
  const first = join(folder, 'first')
  mkdirSync(first)
  cpSync(
    fileURLToPath(new URL('migrations/001_recipients.sql', `${notifierMigrations.directory}/../`)),
    join(first, '001_recipients.sql')
  )
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    await migrate(client, { ...notifierMigrations, directory: pathToFileURL(first) })
    const mailed = '01934567-89ab-7def-8000-000000000001'
    await client.query("INSERT INTO notifications_sent (event_id, channel) VALUES ($1, 'email')", [mailed])
    expect(await migrate(client, notifierMigrations)).toEqual(['002_deliveries'])

    const deliveries = deliveriesOn(client)
    const about = (eventId: string) => ({
      eventId,
      eventName: 'badge.awarded',
      subscriptionId: mailsSubscription,
      recipient: 'ada',
      content: '{}'
    })
    const fresh = '01934567-89ab-7def-8000-000000000002'
    expect(await deliveries.queue([about(mailed), about(fresh)])).toBe(1)
    expect((await deliveries.subscriptions()).mails).toBe(true)
    const taken = await deliveries.claim({ channels: ['email'], busy: [], most: 10, mostOfOne: 10 })
    expect(taken.map(({ eventId }) => eventId)).toEqual([fresh])
  } finally {
    await client.end()
  }
})
