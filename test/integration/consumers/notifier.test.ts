import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { SMTPServer } from 'smtp-server'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { loadMails } from '../../../cli/index.ts'
import { createLogger } from '../../../cli/log.ts'
import { createConnection } from '../../../connection/index.ts'
import {
  createMailer,
  createNotifier,
  messageIdOf,
  notifierMigrations,
  postgresDirectory,
  postgresSentLog,
  type SentLog
} from '../../../consumers/notifier/index.ts'
import { type Logger, silentLogger } from '../../../core/logger.ts'
import { migrate } from '../../../postgres/migrate.ts'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { eventually } from '../../support/stack.ts'
import { badge, quiz, testSchool } from './school.ts'

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

async function startNotifier(sent: SentLog = postgresSentLog(shared), log: Logger = silentLogger) {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  await term.offer('quiz.submitted', 1)
  const notifier = createNotifier({
    connection: school.connection,
    topicPrefix: term.topicPrefix,
    catalogue,
    mails,
    mailer,
    recipients: postgresDirectory(shared),
    sent,
    log,
    commitIntervalMs: 100,
    retry: { attempts: 2, initialMs: 10, maxMs: 50 }
  })
  await notifier.start()
  return { term, notifier }
}

test('a badge and a marked quiz arrive, and an event that comes again is not mailed again', async () => {
  const { term, notifier } = await startNotifier()
  await using _ = notifier
  const ada = await student('ada@example.org')
  const award = badge(ada, 'Ten quizzes & more', {
    id: '01934567-89ab-7def-8000-000000000001',
    aggregateId: randomUUID()
  })
  await term.publish(award, quiz(ada, 87.3), award)
  await notifier.whenCaughtUp()
  expect(received.map(({ to }) => to)).toEqual(['ada@example.org', 'ada@example.org'])
  const mail = received.find(({ content }) => content.includes('Subject: You have earned a badge'))
  expect(mail?.content).toContain(`Message-ID: ${messageIdOf('01934567-89ab-7def-8000-000000000001')}`)
  expect(mail?.content).toContain('To: Ada Lovelace <ada@example.org>')
  expect(mail?.content).toContain('From: School <school@example.org>')
  expect(mail?.content).toContain('It is for: Ten quizzes & more')
  expect(mail?.content).toContain('<p>It is for: Ten quizzes &amp; more</p>')
  expect(received.some(({ content }) => content.includes('87.3 points'))).toBe(true)
  expect(notifier.stats()).toMatchObject({ handled: 3, deadLettered: 0 })
})

test('an event without a recipient is a dead letter at once, and so is an address that is none or is refused', async () => {
  const logged: string[] = []
  const log = createLogger({ level: 'warn', destination: { write: line => logged.push(line) } })
  const { term, notifier } = await startNotifier(postgresSentLog(shared), log)
  await using _ = notifier
  answer = address => (address.startsWith('gone') ? { code: 550 } : undefined)
  // A header without a value is legal, and delays no event.
  const headers = [['traceparent', null]] as const
  await term.publish(
    badge(randomUUID(), 'Ten quizzes', { headers }),
    badge(await student('no address')),
    badge(await student('gone@example.org')),
    badge(await student('here@example.org', null), 'Ten quizzes', { headers })
  )
  await notifier.whenCaughtUp()
  expect(received.map(({ to }) => to)).toEqual(['here@example.org'])
  const letters = await school.read(notifier.deadLetterTopic, 3)
  expect(letters.map(({ headers }) => String(headers['dead-letter-code'])).toSorted()).toEqual([
    'MAIL_REFUSED',
    'RECIPIENT_INVALID',
    'RECIPIENT_UNKNOWN'
  ])
  expect(letters.map(({ headerList }) => headerList[0])).toContainEqual(headers[0])
  expect(JSON.stringify(letters.map(({ headers }) => headers))).not.toContain('example.org')
  expect(notifier.stats().retried).toBe(0)

  // A recipient without an address wakes up no operator; a message that cannot be read does.
  await term.send('badge.awarded', { key: null, value: Buffer.from('no event') })
  await notifier.whenCaughtUp()
  const lines = logged.map(line => JSON.parse(line) as { level: number; code: string; msg: string })
  const dead = lines.filter(({ msg }) => msg === 'a message was dead-lettered')
  expect(dead.map(({ level, code }) => `${level} ${code}`).toSorted()).toEqual([
    '40 MAIL_REFUSED',
    '40 RECIPIENT_INVALID',
    '40 RECIPIENT_UNKNOWN',
    '50 DECODE_FAILED'
  ])
})

test('a recipient who wants no mail gets none, and that is no fault', async () => {
  const { term, notifier } = await startNotifier()
  await using _ = notifier
  const quiet = await student('quiet@example.org')
  await database.query('UPDATE recipients SET wants_mail = false WHERE id = $1', [quiet])
  await term.publish(badge(quiet), badge(await student('heard@example.org')))
  await notifier.whenCaughtUp()
  expect(received.map(({ to }) => to)).toEqual(['heard@example.org'])
  expect(notifier.stats()).toMatchObject({ handled: 2, deadLettered: 0 })
})

test('a mail server that is busy is waited for', async () => {
  const { term, notifier } = await startNotifier()
  await using _ = notifier
  let refusals = 0
  answer = () => (refusals++ < 5 ? { code: 451 } : undefined)
  await term.publish(badge(await student('later@example.org')))
  await notifier.whenCaughtUp()
  expect(received).toHaveLength(1)
  expect(notifier.stats()).toMatchObject({ handled: 1, retried: 5, deadLettered: 0 })
})

test('a mail that was sent and could not be noted down is not sent again by this process', async () => {
  const log = postgresSentLog(shared)
  let failures = 0
  const { term, notifier } = await startNotifier({
    has: log.has,
    add: (eventId, channel) =>
      failures++ < 3 ? Promise.reject(Object.assign(new Error(), { retryable: true })) : log.add(eventId, channel)
  })
  await using _ = notifier
  const [id] = await term.publish(badge(await student('once@example.org')))
  await notifier.whenCaughtUp()
  expect(received).toHaveLength(1)
  await eventually(() => log.has(id as string, 'email'), { what: 'it is noted down' })
})
