import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { inboxMigrations } from '../../../consumers/index.ts'
import { indexerMigrations } from '../../../consumers/indexer/migrations.ts'
import { notifierMigrations } from '../../../consumers/notifier/index.ts'
import { migrate } from '../../../postgres/migrate.ts'
import { createSink } from '../../../sink/index.ts'
import { type ContentStage, printContent, printNone } from '../../support/project/content-commands.ts'
import { runInProcess } from '../../support/project/program.ts'
import { sealStored } from '../../support/proof/bundles/seal-stored.ts'
import { eventually } from '../../support/stack.ts'
import { badge, testTrail } from '../../support/trail.ts'
import { letterGroup } from '../operations/dead-letters/letter-group.ts'

/** Content: no command that is not recorded prints it. A word, so that it is found. */
const marker = `marker${randomBytes(6).toString('hex')}`
const forms = [marker, Buffer.from(marker).toString('base64'), Buffer.from(marker).toString('hex')]
const hasContent = (text: string): boolean => forms.some(form => text.includes(form))

const trail = await testTrail({ partitions: 1 })
const group = await letterGroup(trail, 'mails')
const eventName = 'badge.awarded'
const folder = mkdtempSync(join(tmpdir(), 'eventtrail-disclosed-'))
let stage: ContentStage

beforeAll(async () => {
  for (const [name, value] of Object.entries(trail.env)) vi.stubEnv(name, value)
  const client = await trail.db.connect()
  try {
    for (const each of [indexerMigrations, notifierMigrations, inboxMigrations]) await migrate(client, each)
  } finally {
    client.release()
  }
  await trail.offer(eventName)
  const event = await trail.encode(badge(marker))
  await trail.send([event, { eventName, key: marker, value: Buffer.from(marker), headers: { actor: marker } }])
  await group.write([
    { eventName, sourceOffset: 0, key: marker, value: Buffer.from(marker), headers: { actor: marker } }
  ])
  {
    await using sink = createSink(trail.sinkOptions)
    await sink.start()
    await sink.whenCaughtUp()
  }
  await trail.rows(
    `INSERT INTO search_documents (id, title, text, event_name, occurred_at, event_id)
     VALUES ($1::text, $2, $2, $3, now(), $1::uuid)`,
    [event.id, marker, eventName]
  )
  const recipient = randomUUID()
  await trail.rows('INSERT INTO recipients (id, address, name) VALUES ($1, $2, $2)', [
    recipient,
    `${marker}@example.org`
  ])
  await trail.rows(
    `INSERT INTO deliveries (event_id, subscription_id, event_name, state, code, recipient, content)
     VALUES ($1, gen_random_uuid(), $2, 'failed', $2, $3, $3)`,
    [event.id, eventName, marker]
  )
  const [held] = await trail.rows('SELECT number FROM sink_quarantine')
  // A log that accounts for the event. The proof is not on, so that other commands need no key.
  await sealStored(trail, folder)
  vi.stubEnv('PROOF_STORE', `file:${folder}`)
  const quarantined = String(held?.number)
  stage = { quarantined, eventName, eventId: event.id, group: 'mails', recipient, word: marker, folder }
})
afterAll(() => rmSync(folder, { recursive: true }))

/** What a command has written, whole or not; what is encoded in it as well. */
function written(args: readonly string[]): string {
  const out = args[args.indexOf('--out') + 1] ?? '-'
  const files = out.startsWith(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter(each => each.isFile() && join(each.parentPath, each.name).startsWith(out))
        .map(each => readFileSync(join(each.parentPath, each.name), 'utf8'))
    : []
  const encoded = files.flatMap(text => text.match(/[\w+/]{40,}=*/g) ?? [])
  return [...files, ...encoded.map(text => Buffer.from(text, 'base64').toString())].join('\n')
}

const latest = async () => (await trail.rows('SELECT * FROM disclosures ORDER BY number DESC LIMIT 1'))[0]

test.each(
  Object.entries(printContent)
)('%s prints nothing before it is recorded, then content', async (tool, calls) => {
  for (const args of calls(stage)) {
    const before = Number((await latest())?.number ?? 0)
    const holder = await trail.db.connect()
    // No one can write to the table: what prints now is not recorded.
    await holder.query('BEGIN; LOCK TABLE disclosures IN SHARE MODE')
    const running = runInProcess(args)
    try {
      let isOver = false
      void running.ended.then(() => {
        isOver = true
      })
      const waits = async () =>
        (await trail.rows("SELECT FROM pg_locks WHERE NOT granted AND relation = 'disclosures'::regclass")).length > 0
      await eventually(async () => isOver || (await waits()), { what: 'it waits for its record' })
      expect(isOver).toBe(false)
      expect(running.printed()).toBe('')
      expect(hasContent(written(args))).toBe(false)
    } finally {
      await holder.query('ROLLBACK')
      holder.release()
    }
    expect(await running.ended).toBe(0)
    expect(hasContent(running.printed() + written(args))).toBe(true)
    expect(await latest()).toMatchObject({
      number: String(before + 1),
      tool,
      party: 'the tests',
      purpose: 'a test',
      basis: 'unstated',
      listed: true,
      complete: true,
      rows: '1'
    })
  }
})

test.each(
  Object.entries(printContent)
)('%s is refused, and nothing printed, unless it is said who asks, and why', async (_, calls) => {
  const before = await trail.count('disclosures')
  for (const missing of ['DISCLOSURE_PARTY', 'DISCLOSURE_PURPOSE']) {
    vi.stubEnv(missing, '')
    for (const args of calls(stage)) {
      const running = runInProcess(args)
      expect(await running.ended).toMatchObject({ code: 'CONFIG_MISSING', misconfigured: true })
      expect(running.printed()).toContain(missing)
      expect(hasContent(running.printed())).toBe(false)
    }
    vi.stubEnv(missing, trail.env[missing])
  }
  expect(await trail.count('disclosures')).toBe(before)
})

/** Commands that are refused on this stage: the words of errors have no content either. */
const refused: readonly string[] = [
  'proof adopt',
  'proof checkpoint',
  'proof recover',
  'proof verify',
  'proof key list',
  'proof key add',
  'proof key revoke',
  'proof recover',
  'groups pause',
  'groups resume',
  'groups rewind',
  'groups replay',
  'sink resume',
  'sink accept-gap',
  'subscriptions rotate'
]

const called = Object.entries(printNone).flatMap(([name, calls]) =>
  typeof calls === 'string' ? [] : [[name, calls] as const]
)

test.each(called)('%s prints no content', async (name, calls) => {
  const before = await trail.count('disclosures')
  for (const args of calls(stage)) {
    const running = runInProcess(args)
    const ended = await running.ended
    expect(hasContent(running.printed()), running.printed()).toBe(false)
    expect(typeof ended, running.printed()).toBe(refused.includes(name) ? 'object' : 'number')
  }
  expect(await trail.count('disclosures')).toBe(before)
})
