import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { SMTPServer } from 'smtp-server'
import { afterAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { loadMails } from '../../../../cli/index.ts'
import { createLogger } from '../../../../cli/log.ts'
import { createConnection } from '../../../../connection/index.ts'
import {
  createDeliverer,
  createMailer,
  createNotifier,
  listDeliveries,
  messageIdOf,
  notifierMigrations,
  postgresDeliveries,
  retryDeliveries
} from '../../../../consumers/notifier/index.ts'
import { type Logger, silentLogger } from '../../../../core/logger.ts'
import { migrate } from '../../../../postgres/migrate.ts'
import { catalogue } from '../../../../schemas/catalogue/index.ts'
import { eventually } from '../../../support/stack.ts'
import { badge, quiz, testSchool } from '../school.ts'

const school = await testSchool()
const database = new pg.Pool({ connectionString: school.databaseUrl, max: 2 })
afterAll(() => database.end())
const client = await database.connect()
await migrate(client, notifierMigrations)
client.release()

/** What the mail server answers to a recipient; undefined: it takes the mail. */
let answer: (address: string) => { code: number } | undefined = () => undefined
let received: { to: string; content: string }[] = []
beforeEach(() => {
  answer = () => undefined
  received = []
})

const smtp = new SMTPServer({
  disabledCommands: ['AUTH', 'STARTTLS'],
  logger: false,
  onRcptTo({ address }, _session, callback) {
    const refusal = answer(address)
    if (!refusal) return callback()
    callback(Object.assign(new Error(`${address} is not welcome`), { responseCode: refusal.code }))
  },
  onData(stream, session, callback) {
    const chunks: Buffer[] = []
    stream.on('data', chunk => chunks.push(chunk))
    stream.on('end', () => {
      const content = Buffer.concat(chunks).toString()
      for (const { address } of session.envelope.rcptTo) received.push({ to: address, content })
      callback()
    })
  }
})
await new Promise<void>(resolve => smtp.listen(0, '127.0.0.1', resolve))
afterAll(() => new Promise<void>(resolve => smtp.close(() => resolve())))
const { port } = smtp.server.address() as { port: number }
const mailer = await createMailer({ url: `smtp://127.0.0.1:${port}`, from: 'School <school@example.org>' })
afterAll(() => mailer.close())
const mails = await loadMails({ example: true }, catalogue)

async function student(address: string, name: string | null = 'Ada Lovelace'): Promise<string> {
  const id = randomUUID()
  await database.query('INSERT INTO recipients (id, address, name) VALUES ($1, $2, $3)', [id, address, name])
  return id
}

const shared = createConnection({ ...school.connection, postgres: { url: school.databaseUrl } })
afterAll(() => shared.close())
const deliveries = postgresDeliveries(shared)

async function startNotifier(log: Logger = silentLogger) {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  await term.offer('quiz.submitted', 1)
  const notifier = createNotifier({
    connection: school.connection,
    topicPrefix: term.topicPrefix,
    catalogue,
    events: [],
    mails,
    deliveries,
    log,
    commitIntervalMs: 100,
    retry: { attempts: 2, initialMs: 10, maxMs: 50 }
  })
  onTestFinished(() => notifier.close())
  const deliverer = createDeliverer({ deliveries, mailer, log, pollMs: 50 })
  onTestFinished(() => deliverer.close())
  await Promise.all([notifier.start(), deliverer.start()])
  /** Until all that was published is handled, and all that was queued has an outcome. */
  const settle = async () => {
    await notifier.whenCaughtUp()
    const pending = () => database.query("SELECT FROM deliveries WHERE state = 'pending'")
    await eventually(async () => (await pending()).rowCount === 0, { what: 'nothing is pending' })
  }
  return { term, notifier, deliverer, settle }
}

const deliveriesOf = (eventId: string | undefined) => listDeliveries(database, { eventId }, 10)

/** All deliveries that wait are due: as if this time had gone by. */
const letTimePass = (hours: number) =>
  database.query("UPDATE deliveries SET next_attempt_at = next_attempt_at - $1 * interval '1 hour'", [hours])

test('a badge and a marked quiz arrive, and an event that comes again is not mailed again', async () => {
  const { term, notifier, settle } = await startNotifier()
  const ada = await student('ada@example.org')
  const award = badge(ada, 'Ten quizzes & more', {
    id: '01934567-89ab-7def-8000-000000000001',
    aggregateId: randomUUID()
  })
  await term.publish(award, quiz(ada, 87.3), award)
  await settle()
  expect(received.map(({ to }) => to)).toEqual(['ada@example.org', 'ada@example.org'])
  const mail = received.find(({ content }) => content.includes('Subject: You have earned a badge'))
  expect(mail?.content).toContain(`Message-ID: ${messageIdOf('01934567-89ab-7def-8000-000000000001')}`)
  expect(mail?.content).toContain('To: Ada Lovelace <ada@example.org>')
  expect(mail?.content).toContain('From: School <school@example.org>')
  expect(mail?.content).toContain('It is for: Ten quizzes & more')
  expect(mail?.content).toContain('<p>It is for: Ten quizzes &amp; more</p>')
  expect(received.some(({ content }) => content.includes('87.3 points'))).toBe(true)
  expect(notifier.stats()).toMatchObject({ handled: 3, deadLettered: 0 })

  // What was said is gone once it was delivered; that it was, and how it went, is kept.
  const { rows } = await database.query('SELECT FROM deliveries WHERE content IS NOT NULL')
  expect(rows).toHaveLength(0)
  const [row] = await deliveriesOf('01934567-89ab-7def-8000-000000000001')
  expect(row).toMatchObject({ state: 'delivered', subscription: 'mails', channel: 'email', attempts: 1 })
  expect(row?.tries).toEqual([expect.objectContaining({ result: 'delivered', code: null })])
})

test('an event without a recipient is a dead letter at once, and so is an address that is none', async () => {
  const logged: string[] = []
  const log = createLogger({ level: 'warn', destination: { write: line => logged.push(line) } })
  const { term, notifier, settle } = await startNotifier(log)
  answer = address => (address.startsWith('gone') ? { code: 550 } : undefined)
  // A header without a value is legal, and delays no event.
  const headers = [['traceparent', null]] as const
  const ids = await term.publish(
    badge(randomUUID(), 'Ten quizzes', { headers }),
    badge(await student('no address')),
    badge(await student('gone@example.org')),
    badge(await student('here@example.org', null), 'Ten quizzes', { headers })
  )
  await settle()
  expect(received.map(({ to }) => to)).toEqual(['here@example.org'])
  const letters = await school.read(notifier.deadLetterTopic, 2)
  expect(letters.map(({ headers }) => String(headers['dead-letter-code'])).toSorted()).toEqual([
    'RECIPIENT_INVALID',
    'RECIPIENT_UNKNOWN'
  ])
  expect(letters.map(({ headerList }) => headerList[0])).toContainEqual(headers[0])
  expect(JSON.stringify(letters.map(({ headers }) => headers))).not.toContain('example.org')
  expect(notifier.stats().retried).toBe(0)

  // What the mail server refuses has failed, is in the table, and can be sent again.
  const [refused] = await deliveriesOf(ids[2])
  expect(refused).toMatchObject({ state: 'failed', code: 'MAIL_REFUSED' })
  answer = () => undefined
  expect(await retryDeliveries(database, { ids: [refused?.id as string] })).toMatchObject([{ count: 1, enabled: true }])
  await settle()
  expect(received.map(({ to }) => to)).toEqual(['here@example.org', 'gone@example.org'])
  expect((await deliveriesOf(ids[2]))[0]?.tries).toHaveLength(2)

  // A recipient without an address wakes up no operator; a message that cannot be read does.
  await term.send('badge.awarded', { key: null, value: Buffer.from('no event') })
  await notifier.whenCaughtUp()
  const lines = logged.map(line => JSON.parse(line) as { level: number; code: string; msg: string })
  const dead = lines.filter(({ msg }) => msg === 'a message was dead-lettered')
  expect(dead.map(({ level, code }) => `${level} ${code}`).toSorted()).toEqual([
    '40 RECIPIENT_INVALID',
    '40 RECIPIENT_UNKNOWN',
    '50 DECODE_FAILED'
  ])
  expect(logged.join()).not.toContain('example.org')
})

test('a name of a recipient survives whatever its letters, and is no link', async () => {
  const { term, settle } = await startNotifier()
  const id = await student('ada@example.org', 'Ada: Lovelace (north), "Lady" win.example')
  await term.publish(badge(id, 'Ten quizzes'))
  await settle()
  const [head = '', body] = received[0]?.content.split('\r\n\r\n') ?? []
  expect(head.replace(/\r\n\s+/g, ' ')).toContain(
    'To: "Ada: Lovelace (north), \\"Lady\\" win.example" <ada@example.org>'
  )
  expect(received[0]?.to).toBe('ada@example.org')
  expect(body).not.toContain('win.example')
})

test('a recipient who wants no mail gets none, also one who changes that before it is sent', async () => {
  const { term, notifier, settle } = await startNotifier()
  const quiet = await student('quiet@example.org')
  await database.query('UPDATE recipients SET wants_mail = false WHERE id = $1', [quiet])
  const late = await student('late@example.org')
  answer = address => (address.startsWith('late') ? { code: 452 } : undefined)
  const [, , id] = await term.publish(badge(quiet), badge(await student('heard@example.org')), badge(late))
  await eventually(async () => (await deliveriesOf(id))[0]?.tries[0]?.result === 'again', { what: 'it is put off' })
  await database.query('UPDATE recipients SET wants_mail = false WHERE id = $1', [late])
  await letTimePass(1)
  await settle()
  expect(received.map(({ to }) => to)).toEqual(['heard@example.org'])
  expect((await deliveriesOf(id))[0]).toMatchObject({ state: 'unwanted' })
  expect(notifier.stats()).toMatchObject({ handled: 3, deadLettered: 0 })
})

test('a mailbox that is full is tried eight times, and then the mail has failed', async () => {
  const { term, settle } = await startNotifier()
  answer = () => ({ code: 452 })
  const [id] = await term.publish(badge(await student('full@example.org')))
  for (let tries = 1; tries < 8; tries += 1) {
    const row = await eventually(
      async () => (await deliveriesOf(id)).find(each => each.tries.filter(({ result }) => result).length === tries),
      { what: `attempt ${tries}` }
    )
    expect(row).toMatchObject({ state: 'pending', code: 'MAIL_DEFERRED', attempts: tries })
    await letTimePass(12)
  }
  await settle()
  expect((await deliveriesOf(id))[0]).toMatchObject({ state: 'failed', code: 'MAIL_DEFERRED', attempts: 8 })
})

test('a mail server that is away is waited for, and uses up no attempt', async () => {
  const { term, deliverer, settle } = await startNotifier()
  answer = () => ({ code: 421 })
  const [id] = await term.publish(badge(await student('later@example.org')))
  const away = async () => (await deliveriesOf(id))[0]?.tries.some(({ result }) => result === 'unavailable')
  await eventually(away, { what: 'the server is away' })
  answer = () => undefined
  await letTimePass(1)
  await settle()
  expect(received).toHaveLength(1)
  expect((await deliveriesOf(id))[0]).toMatchObject({ state: 'delivered', attempts: 1 })
  expect(deliverer.stats()).toMatchObject({ delivered: 1, failed: 0, running: 0 })
})
