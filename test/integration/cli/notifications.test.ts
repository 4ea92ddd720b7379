import { randomBytes, randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { deliveriesOn } from '../../../consumers/notifier/index.ts'
import { openInbox } from '../../../dev/demo/inbox.ts'
import { runCli } from '../../support/processes/cli.ts'
import { testEnvironment } from '../../support/stack.ts'
import { hooks } from '../consumers/notifier/hooks.ts'

const environment = await testEnvironment()
const database = new pg.Pool({ connectionString: environment.databaseUrl, max: 2 })
afterAll(() => database.end())
const receiver = await hooks()
const env = {
  ...environment.env,
  WEBHOOK_KEY: randomBytes(32).toString('base64'),
  WEBHOOK_ALLOW_HTTP: 'true',
  WEBHOOK_ALLOWED_NETWORKS: '127.0.0.1'
}
const reason = ['--reason', 'ticket 4711']

/** Runs a command that has to succeed. */
async function done(...args: string[]): Promise<string> {
  const result = await runCli(args, env)
  expect(result, result.stderr).toMatchObject({ code: 0 })
  return result.stdout
}

await done('migrate', '--with', 'notifier')

test('subscriptions and deliveries as commands, each change recorded with its reason', {
  timeout: 300_000
}, async () => {
  const add = ['subscriptions', 'add', 'stock', '--example', '--events', 'badge.awarded,quiz.submitted', ...reason]
  const where = ['--where', 'aggregate_id!=x']
  const secret = (await done(...add, ...where, '--webhook', `${receiver.url}/stock?token=hidden`)).trim().slice(8)
  expect(secret).toMatch(/^whsec_/)

  const listed = await done('subscriptions', 'list')
  expect(listed).toMatch(/^stock +on +webhook +badge\.awarded,quiz\.submitted +aggregate_id!=x +http:\S+\/stock\?…$/m)
  expect(listed).not.toContain('hidden')

  expect(await done('subscriptions', 'test', 'stock')).toMatch(/^delivered: status 204, \d+ ms$/m)
  expect(receiver.calls[0]?.body.type).toBe('eventtrail.test')
  expect(receiver.calls[0]?.signedWith(secret)).toBe(true)
  receiver.answer = (_, response) => response.writeHead(500).end()
  expect(await runCli(['subscriptions', 'test', 'stock'], env)).toMatchObject({ code: 1 })
  const next = (await done('subscriptions', 'rotate', 'stock', ...reason)).trim().slice(8)
  expect(await runCli(['subscriptions', 'test', 'stock'], env)).toMatchObject({ code: 1 })
  expect([receiver.calls[2]?.signedWith(secret), receiver.calls[2]?.signedWith(next)]).toEqual([true, true])

  await done('subscriptions', 'disable', 'stock', ...reason)
  expect(await done('subscriptions', 'list')).toMatch(/^stock +off /m)
  await done('subscriptions', 'enable', 'stock', ...reason)

  const { rows } = await database.query("SELECT id FROM subscriptions WHERE name = 'stock'")
  const eventId = randomUUID()
  const facts = { eventName: 'badge.awarded', subscriptionId: rows[0].id as string, content: '{"of":"Canary"}' }
  await deliveriesOn(database).queue([{ ...facts, eventId }])
  await database.query("UPDATE deliveries SET state = 'failed', code = 'WEBHOOK_STATUS', status = 500, attempts = 8")
  const failed = await done('deliveries', 'list', '--state', 'failed')
  expect(failed).toContain(eventId)
  expect(failed).not.toContain('Canary')
  const [found] = (await done('deliveries', 'list', '--event', eventId, '--json')).trim().split('\n')
  expect(JSON.parse(found ?? '')).toMatchObject({ state: 'failed', subscription: 'stock', tries: [] })
  await database.query("UPDATE subscriptions SET enabled = false, disabled_code = 'WEBHOOK_GONE' WHERE name = 'stock'")
  const retried = await runCli(['deliveries', 'retry', '--code', 'WEBHOOK_STATUS', ...reason], env)
  expect(retried).toMatchObject({ code: 0, stdout: '1 notification will be sent again\n' })
  expect(retried.stderr).toContain(
    'subscription stock was switched off because its endpoint answered 410: 1 of them waits until `eventtrail subscriptions enable stock`'
  )
  expect(await done('deliveries', 'list', '--state', 'pending')).toContain(eventId)

  expect(JSON.parse(await done('subscriptions', 'remove', 'stock', ...reason, '--json'))).toEqual({
    name: 'stock',
    done: 'remove'
  })
  expect(await done('subscriptions', 'list')).not.toContain('stock')
  const log = await database.query('SELECT operation, target, reason, status FROM operator_log ORDER BY id')
  expect(log.rows.map(({ operation }) => operation)).toEqual([
    ...['add', 'rotate', 'disable', 'enable'].map(word => `subscriptions ${word}`),
    'deliveries retry',
    'subscriptions remove'
  ])
  expect(log.rows.every(row => row.reason === 'ticket 4711' && row.status === 'done')).toBe(true)
  expect(JSON.stringify(log.rows)).not.toMatch(/hidden|whsec_|Canary/)
})

test('the mail of a subscription is tried by hand', { timeout: 120_000 }, async () => {
  const inbox = await openInbox()
  onTestFinished(() => inbox.close())
  const id = randomUUID()
  await database.query("INSERT INTO recipients (id, address) VALUES ($1, 'ada@example.org')", [id])
  await done('subscriptions', 'add', 'desk', '--example', '--events', 'badge.awarded', '--email', id, ...reason)
  const tried = (more: Readonly<Record<string, string>>) =>
    runCli(['subscriptions', 'test', 'desk'], { ...env, ...more })
  const json = await runCli(['subscriptions', 'test', 'desk', '--json'], { ...env, SMTP_URL: 'smtp://127.0.0.1:1' })
  expect({ exits: json.code, ...JSON.parse(json.stdout) }).toMatchObject({
    ...{ exits: 1, name: 'desk', delivered: false, code: 'MAIL_UNAVAILABLE' },
    answer: expect.stringContaining('ECONNREFUSED')
  })
  expect(await tried({ SMTP_URL: inbox.url })).toMatchObject({ code: 0, stdout: expect.stringMatching(/^delivered: /) })
  expect(inbox.mails).toBe(1)
  expect(await tried({ SMTP_URL: 'smtp://127.0.0.1:1' })).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/^MAIL_UNAVAILABLE: .*ECONNREFUSED/)
  })
  expect(await tried({})).toMatchObject({ code: 2, stderr: expect.stringContaining('SMTP_URL is not set') })
  await database.query('UPDATE recipients SET wants_mail = false WHERE id = $1', [id])
  expect((await tried({ SMTP_URL: inbox.url })).stdout).toContain('refused: the recipient wants no mail')
  const mails = await runCli(['subscriptions', 'test', 'mails'], { ...env, SMTP_URL: inbox.url })
  expect(mails).toMatchObject({ code: 2, stderr: expect.stringContaining('add a subscription with --email') })
})

test.concurrent.each([
  [['add', 'x', '--example', '--events', 'order.placed', '--webhook', 'https://a.example'], /no event order\.placed/],
  [['add', 'x', '--example', '--events', 'badge.awarded'], /either --webhook or --email/],
  [
    ['add', 'x', '--example', '--events', 'badge.awarded', '--webhook', 'https://127.0.0.2/'],
    /a URL of a public address/
  ],
  [
    [
      'add',
      'x',
      '--example',
      '--events',
      'badge.awarded',
      '--webhook',
      'https://a.example',
      '--where',
      'payload.size>3'
    ],
    /no field of this name/
  ],
  [['add', 'x', '--example', '--events', 'badge.awarded', '--email', 'ada@example.org'], /no row with this id/],
  [
    ['add', 'x', '--example', '--events', 'badge.awarded', '--webhook', 'https://2130706434/'],
    /a URL of a public address/
  ],
  [['remove', 'x'], /There is no subscription x/]
])('wrong: subscriptions %j', { timeout: 120_000 }, async (args, words) => {
  const refused = await runCli(['subscriptions', ...args, ...reason], env)
  expect(refused.stderr).toMatch(words)
  expect(refused.stderr).not.toContain('ada@')
  expect(refused.code).not.toBe(0)
})
