import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import { SMTPServer } from 'smtp-server'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { runCli } from '../../support/processes/cli.ts'
import { eventually, testEnvironment } from '../../support/stack.ts'

// Schemas and mappings of a user, without --example.
const environment = await testEnvironment()
const path = (relative: string) => fileURLToPath(new URL(`../../../${relative}`, import.meta.url))
const schemas = ['--schemas', path('cli/init/template/schemas')]
const folder = mkdtempSync(join(tmpdir(), 'mappings-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const mappings = join(folder, 'mappings.json')
writeFileSync(
  mappings,
  JSON.stringify({
    documents: { 'order.placed': { id: '{payload.order_id}', text: '{payload.product}' } },
    mails: {
      'order.placed': {
        to: '{payload.order_id}',
        subject: 'Your order',
        paragraphs: ['You ordered {payload.product}.']
      }
    }
  })
)

const received: { readonly to: string; readonly content: string }[] = []
const smtp = new SMTPServer({
  disabledCommands: ['AUTH', 'STARTTLS'],
  logger: false,
  async onData(stream, session, callback) {
    const content = Buffer.concat(await stream.toArray()).toString()
    for (const { address } of session.envelope.rcptTo) received.push({ to: address, content })
    callback()
  }
})
await new Promise<void>(resolve => smtp.listen(0, '127.0.0.1', resolve))
afterAll(() => new Promise<void>(resolve => smtp.close(() => resolve())))
const { port } = smtp.server.address() as { port: number }

async function done(args: readonly string[], input = ''): Promise<string> {
  const { code, stdout, stderr } = await runCli(args, environment.env, input)
  expect([code, stderr]).toEqual([0, expect.any(String)])
  return stdout
}

function start(...args: string[]) {
  const child = spawn(process.execPath, [path('cli/main.ts'), ...args], {
    env: { ...process.env, ...environment.env }
  })
  const chunks: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => chunks.push(String(chunk)))
  onTestFinished(() => void child.kill('SIGKILL'))
  return { child, said: () => chunks.join(''), ended: once(child, 'close') }
}

test('events and mappings of your own lead to a document and to a mail', async () => {
  const order = randomUUID()
  await done(['migrate', '--with', 'indexer,notifier'])
  await done(['schemas', 'register', ...schemas])
  const client = new Client({ connectionString: environment.databaseUrl })
  await client.connect()
  await client.query("INSERT INTO recipients (id, address) VALUES ($1, 'ada@example.org')", [order])
  await client.end()
  const running = [
    start('indexer', ...schemas, '--mappings', mappings),
    start('notifier', ...schemas, '--mappings', mappings, '--smtp', `smtp://127.0.0.1:${port}`),
    start('notifier', ...schemas, '--mappings', mappings, '--smtp', `smtp://127.0.0.1:${port}`, '--from', 'a@b.example')
  ]
  for (const { said, child } of running)
    await eventually(() => said().includes('reading ') || child.exitCode !== null, {
      what: 'it reads',
      timeoutMs: 40_000
    })
  expect(running.map(({ child, said }) => [child.exitCode, said()])).toEqual(
    running.map(() => [null, expect.any(String)])
  )

  const payload = { order_id: order, product: 'running shoes', quantity: 2 }
  await done(['publish', 'order.placed', ...schemas], `${JSON.stringify({ aggregate_id: order, payload })}\n`)
  await eventually(() => received.length > 0, { what: 'the mail arrives', timeoutMs: 40_000 })
  expect(received[0]).toEqual({ to: 'ada@example.org', content: expect.stringContaining('You ordered running shoes.') })
  await eventually(async () => (await done(['search', 'shoe'])).includes(order), { what: 'the document is found' })
  for (const { child, ended } of running) {
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
  }
})
