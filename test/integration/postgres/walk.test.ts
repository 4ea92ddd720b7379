import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SMTPServer } from 'smtp-server'
import { afterAll, expect, test } from 'vitest'
import { loadDocuments, loadMails } from '../../../cli/index.ts'
import { type ConnectionWithPostgres, connectionFromEnvironment } from '../../../connection/index.ts'
import { createConsumerGroup } from '../../../consumers/index.ts'
import { createIndexer, postgresIndex } from '../../../consumers/indexer/index.ts'
import { createDeliverer, createMailer, createNotifier, postgresDeliveries } from '../../../consumers/notifier/index.ts'
import { startStack } from '../../../dev/stack/index.ts'
import { createProducer } from '../../../producers/index.ts'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { createSink } from '../../../sink/index.ts'
import { runCli } from '../../support/processes/cli.ts'
import { tlsPostgres } from '../../support/processes/tls-postgres.ts'
import { certificateAuthority } from '../../support/schemas/certificates.ts'
import { tokenIssuer } from '../../support/schemas/issuer.ts'
import { secureFront } from '../../support/schemas/secure-front.ts'
import { eventually } from '../../support/stack.ts'
import { testTrail } from '../../support/trail.ts'

const roles = ['writer', 'operator', 'reader', 'indexer', 'notifier'] as const
type Role = (typeof roles)[number]

const [postgres, authority, issuer, trail] = [
  await tlsPostgres(),
  await certificateAuthority(),
  await tokenIssuer(),
  await testTrail()
]
const certificate = await authority.issue()
const stack = await startStack({
  kind: 'walk',
  registryEnv: {
    QUARKUS_OIDC_TENANT_ENABLED: 'true',
    QUARKUS_OIDC_AUTH_SERVER_URL: issuer.url,
    QUARKUS_OIDC_CLIENT_ID: 'registry-api',
    QUARKUS_OIDC_TOKEN_AUDIENCE: 'registry-api'
  }
})
afterAll(() => stack.stop())

const userInfo = 'me:S3cret'
const withBasic = await secureFront(trail.registryUrl, {
  certificate,
  isLogin: given => given === `Basic ${Buffer.from(userInfo).toString('base64')}`
})
// Whether the token is valid is for the registry to say.
const withToken = await secureFront(stack.env.SCHEMA_REGISTRY_URL, { certificate })
const tokenFile = join(authority.folder, 'token')
writeFileSync(tokenFile, issuer.token())
const passwordFile = join(authority.folder, 'password')
writeFileSync(passwordFile, 'pw\n')
await postgres.admin("CREATE ROLE owner LOGIN PASSWORD 'pw' CREATEROLE")

const received: string[] = []
const smtp = new SMTPServer({
  disabledCommands: ['AUTH', 'STARTTLS'],
  logger: false,
  onData: (stream, session, done) => {
    stream.resume().on('end', () => {
      received.push(...session.envelope.rcptTo.map(({ address }) => address))
      done()
    })
  }
})
await new Promise<void>(resolve => smtp.listen(0, '127.0.0.1', resolve))
afterAll(() => new Promise<void>(resolve => smtp.close(() => resolve())))
const mailer = await createMailer({
  url: `smtp://127.0.0.1:${(smtp.server.address() as { port: number }).port}`,
  from: 'School <school@example.org>'
})
afterAll(() => mailer.close())

const registries = {
  basic: { SCHEMA_REGISTRY_URL: withBasic.url, SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO: userInfo },
  bearer: { SCHEMA_REGISTRY_URL: withToken.url, SCHEMA_REGISTRY_BEARER_AUTH_TOKEN_FILE: tokenFile }
}

test.each(Object.entries(registries))(
  'every part runs with its own role over verify-full, and the registry by TLS and %s',
  async (way, registry) => {
    const topicPrefix = `${trail.topicPrefix}${way}.`
    await postgres.admin(`CREATE DATABASE ${way} OWNER owner`)
    const envAs = (login: string) => ({
      ...trail.env,
      ...registry,
      SCHEMA_REGISTRY_SSL_CA_LOCATION: authority.caFile,
      TOPIC_PREFIX: topicPrefix,
      DATABASE_URL: postgres.url(login, way).replace(':pw@', '@'),
      DATABASE_PASSWORD_FILE: passwordFile,
      DATABASE_SCHEMA: 'audit',
      LOG_LEVEL: 'warn'
    })
    const migrated = await runCli(['migrate', '--with', 'indexer,notifier', '--roles', way], envAs('owner'))
    expect(migrated, migrated.stderr).toMatchObject({ code: 0 })
    const login = (role: Role) => `${way}_${role}_login`
    for (const role of roles)
      await postgres.admin(`CREATE ROLE ${login(role)} LOGIN PASSWORD 'pw'; GRANT ${way}_${role} TO ${login(role)}`)
    const connectionOf = (role: Role): ConnectionWithPostgres =>
      connectionFromEnvironment({ env: envAs(login(role)), postgres: true })
    const registered = await runCli(['schemas', 'register', '--example'], envAs(login('operator')))
    expect(registered, registered.stderr).toMatchObject({ code: 0 })

    const student = randomUUID()
    const address = `${way}@example.org`
    await postgres.admin(
      `INSERT INTO audit.recipients (id, address, name) VALUES ('${student}', '${address}', 'A')`,
      way
    )
    const common = { topicPrefix, catalogue }
    const handled: string[] = []
    const { kafka, registry: registryOptions } = connectionOf('writer')
    const withoutPostgres = { kafka, registry: registryOptions }
    const [index, deliveries] = [postgresIndex(connectionOf('indexer')), postgresDeliveries(connectionOf('notifier'))]
    {
      await using sink = createSink({ ...trail.sinkOptions, connection: connectionOf('writer'), topicPrefix })
      await using group = createConsumerGroup({
        ...common,
        connection: withoutPostgres,
        group: 'walk',
        handlers: { 'badge.awarded': ({ id }) => void handled.push(id) }
      })
      await using indexer = createIndexer({
        ...common,
        connection: connectionOf('indexer'),
        documents: await loadDocuments({ example: true }, catalogue),
        index
      })
      await using notifier = createNotifier({
        ...common,
        connection: connectionOf('notifier'),
        mails: await loadMails({ example: true }, catalogue),
        deliveries
      })
      await using deliverer = createDeliverer({ deliveries, mailer })
      await using producer = createProducer({ ...common, connection: withoutPostgres, source: 'walk' })
      await Promise.all([sink.start(), group.start(), indexer.start(), notifier.start(), producer.start()])
      await deliverer.start()
      const badge = randomUUID()
      const { id } = await producer.publish('badge.awarded', badge, {
        badge_id: badge,
        awarded_to: student,
        reason: 'Ten quizzes'
      })
      const lesson = randomUUID()
      await producer.publish('lesson.published', lesson, {
        lesson_id: lesson,
        instructor_id: randomUUID(),
        course_id: randomUUID(),
        title: 'Volcanoes'
      })
      const stored = () => postgres.admin('SELECT FROM audit.event_envelopes', way)
      await eventually(async () => (await stored()).length === 2, { what: 'both are stored', timeoutMs: 30_000 })
      await eventually(() => handled.includes(id), { what: 'it is handled', timeoutMs: 30_000 })
      await eventually(() => received.includes(address), { what: 'a mail is sent', timeoutMs: 30_000 })
      await eventually(async () => (await index.search('volcano')).hits.length === 1, {
        what: 'it is indexed',
        timeoutMs: 30_000
      })
      // What was sent and what was indexed are known to their roles again.
      await Promise.all([notifier.drain(), deliverer.drain(), indexer.drain()])
    }
    await Promise.all([index.close(), deliveries.close()])
    expect(await postgres.admin("SELECT FROM audit.deliveries WHERE state = 'delivered'", way)).toHaveLength(1)
    const plain = await postgres.admin(
      `SELECT usename FROM pg_stat_activity a JOIN pg_stat_ssl USING (pid) WHERE datname = '${way}' AND NOT ssl`
    )
    expect(plain).toEqual([])

    const verified = await runCli(['verify'], envAs(login('reader')))
    expect(verified, verified.stdout).toMatchObject({ code: 0 })
    const doctor = await runCli(['doctor', '--json'], envAs(login('reader')))
    const findings = doctor.stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as { check: string; level: string; words: string })
    expect(findings.filter(({ level }) => level === 'wrong')).toEqual([])
    for (const check of ['database', 'registry', 'table'])
      expect(findings.find(finding => finding.check === check)).toMatchObject({ level: 'ok' })
    const listed = await runCli(['quarantine', 'list'], envAs(login('operator')))
    expect(listed, listed.stderr).toMatchObject({ code: 0 })
  },
  120_000
)
