import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { Client } from 'pg'
import { afterAll, expect, test } from 'vitest'
import { cloneRoot } from '../../../dev/tools/folders.ts'
import { fencesOf, pages } from '../../support/project/docs.ts'
import { manifest } from '../../support/project/manifest.ts'
import { packedProject } from '../../support/project/package.ts'
import { eventually, testEnvironment } from '../../support/stack.ts'

// docs/first-event.md, command by command: an empty folder, the packed package, servers that run.
const environment = await testEnvironment()
const project = await packedProject([], { without: true })
const port = await freePort()
const env = { ...environment.env, PORT: String(port), npm_config_prefer_offline: 'true' }

const running: ChildProcess[] = []
afterAll(async () => {
  for (const child of running.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)) {
    const ended = once(child, 'exit')
    process.kill(-(child.pid as number), 'SIGKILL')
    await ended
  }
})

/** A command of the page that runs until it is stopped; its children are in its group. */
function start(
  program: string,
  args: readonly string[],
  more: Readonly<Record<string, string>> = {}
): { readonly child: ChildProcess; readonly said: () => string } {
  const child = spawn(program, args, {
    cwd: project.folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}`, ...env, ...more }
  })
  running.push(child)
  const chunks: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', chunk => chunks.push(String(chunk)))
  return { child, said: () => chunks.join('') }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port: free } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  return free
}

async function ask(sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: environment.databaseUrl })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

const rows = () => ask('SELECT event_name, payload, source, traceparent FROM event_envelopes')

test('from an empty folder to a row of an own event in the trail', async () => {
  const began = performance.now()
  rmSync(join(project.folder, 'package.json'))
  await project.do('npm', ['init', '-y'], env)
  await project.do('npm', ['install', project.tarball], env)
  const told = await project.run('npx', ['eventtrail', 'init'], env)
  expect(told).toMatchObject({ code: 0, stdout: expect.stringContaining('wrote src/service.ts') })
  expect(told.stderr.match(/^ {2}npm .*$/gm)).toHaveLength(3)
  await project.do('npm', ['install'], env)
  await project.do('npm', ['run', 'setup'], env)
  const sink = start('npm', ['run', 'sink'])
  const service = start('npm', ['start'])
  await eventually(() => service.said().includes('listening on'), { what: 'the service listens', timeoutMs: 60_000 })

  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  const post = (body: string) =>
    fetch(`http://127.0.0.1:${port}/orders`, { method: 'POST', body, headers: { traceparent } })
  const posted = await post('{"product": "running shoes", "quantity": 2}')
  expect([posted.status, service.said()]).toEqual([201, expect.any(String)])
  const { order_id } = (await posted.json()) as { order_id: string }
  const payload = { order_id, product: 'running shoes', quantity: 2 }
  const stored = await eventually(async () => (await rows())[0], { what: 'the row is there', timeoutMs: 60_000 })
  expect(stored).toEqual({ event_name: 'order.placed', payload, source: 'orders', traceparent })
  const seconds = ((performance.now() - began) / 1_000).toFixed(1)
  process.stdout.write(`from npm install to the row in the trail: ${seconds} s\n`)
  await eventually(() => service.said().includes(`confirm order ${order_id}: 2 × running shoes`), {
    what: 'the handler gets it'
  })

  expect((await post('{"produkt": 7}')).status).toBe(400)
  expect((await post('no json')).status).toBe(400)
  await project.do('npm', ['run', 'types'], env)
  await project.do('npm', ['run', 'generate'], env)
  const verified = await project.run('npx', ['eventtrail', 'verify', '--config', 'eventtrail.json'], env)
  expect(verified).toMatchObject({ code: 0 })
  const again = await project.run('npx', ['eventtrail', 'init'], env)
  expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('already: nothing was written') })

  for (const [more, words] of [
    [{}, `port ${port} is in use: `],
    [{ PORT: '0', KAFKA_BROKERS: '127.0.0.1:1' }, 'Check KAFKA_BROKERS, or "brokers" in eventtrail.json (127.0.0.1:1)']
  ] as const) {
    const other = start('npm', ['start'], more)
    expect(await once(other.child, 'close')).toEqual([1, null])
    expect(other.said()).toContain(words)
    expect(other.said()).not.toContain('    at ')
  }

  for (const { child } of [service, sink]) {
    // Its children have the pipes too: closed when the last of them has ended. npm alone gets the signal.
    const ended = once(child, 'close')
    child.kill('SIGTERM')
    await ended
  }
  expect(sink.said()).toContain('sink stopped')
}, 300_000)

test('the program on the first screen of README prints what its comment says, and runs until Ctrl-C', async () => {
  const program = pages()
    .filter(({ path }) => path === 'README.md')
    .flatMap(fencesOf)
    .find(({ language }) => language === 'ts')
  const text = program?.text ?? ''
  const printed = /\/\/ prints: (.*)/.exec(text)?.[1] ?? 'the comment is missing'
  // The addresses are those of this run, and the topics too.
  const { brokers, registryUrl, topicPrefix } = environment
  project.write(
    'src/first.ts',
    text
      .replace("'localhost:9092'", brokers.map(broker => `'${broker}'`).join(', '))
      .replace(/http:[^']*/, registryUrl)
      .replaceAll('connection, catalogue', `connection, topicPrefix: '${topicPrefix}', catalogue`)
      .replaceAll('  connection,\n', `  connection,\n  topicPrefix: '${topicPrefix}',\n`)
      .replace("'readers'", "'first-program'")
  )
  await project.do('npm', ['run', 'types'], env)
  const { child, said } = start('node', ['src/first.ts'])
  await eventually(() => said().includes(printed) || child.exitCode !== null, { what: 'it prints', timeoutMs: 60_000 })
  expect([said(), child.exitCode]).toEqual([expect.stringContaining(`${printed}\n`), null])
  child.kill('SIGINT')
  expect(await once(child, 'close')).toEqual([0, null])
}, 120_000)

// examples/points, in the same project: its imports find the packed package one folder up.
test('the example of a group does what its README says, with its tests, its types, and real servers', async () => {
  const example = join(cloneRoot, 'examples', 'points')
  cpSync(example, join(project.folder, 'points'), { recursive: true })
  const inExample = (...words: string[]) => project.do('npm', ['--prefix', 'points', ...words], env)
  expect(await inExample('test')).toMatch(/^. pass 5$/m)
  await project.do('npm', ['install', '--prefer-offline', `@types/pg@${manifest.devDependencies['@types/pg']}`], env)
  await inExample('run', 'types')
  await inExample('run', 'generate')
  const generated = (folder: string) => readFileSync(join(folder, 'src', 'events.ts'), 'utf8')
  expect(generated(join(project.folder, 'points'))).toBe(generated(example))

  await inExample('run', 'setup')
  await ask(readFileSync(join(example, 'tables.sql'), 'utf8'))
  const group = start('npm', ['--prefix', 'points', 'start'])
  await eventually(() => group.said().includes('reading'), { what: 'the group has started', timeoutMs: 60_000 })
  const publish = async (event: string, ...payloads: [aggregate: string, payload: object][]) => {
    const lines = payloads.map(([aggregate_id, payload]) => JSON.stringify({ aggregate_id, payload }))
    project.write('lines.jsonl', lines.join('\n'))
    await project.do('eventtrail', ['publish', event, '--schemas', 'points/schemas', '--file', 'lines.jsonl'], env)
  }
  const [customer, ...visits] = Array.from({ length: 4 }, () => randomUUID()) as [string, ...string[]]
  const change = (change: number): [string, object] => [customer, { customer_id: customer, change }]
  await publish('points.changed', change(100), change(-30))
  await publish('page.viewed', ...visits.map((id): [string, object] => [id, { visit_id: id, page: '/shoes' }]))
  await eventually(() => group.said().includes('"parks":true'), { what: 'an aggregate is parked', timeoutMs: 60_000 })
  await ask(`INSERT INTO customers VALUES ('${customer}')`)
  const redrive = ['dead-letters', 'redrive', '--group', 'points', '--all', '--reason', 'customer was imported']
  await project.do('eventtrail', redrive, env)
  expect(await ask('SELECT points FROM customers')).toEqual([{ points: 70 }])
  const views = () => ask('SELECT page, views::int FROM page_views')
  await eventually(async () => (await views()).length === 1, { what: 'pages are counted' })
  expect(await views()).toEqual([{ page: '/shoes', views: 3 }])
  expect(await ask('SELECT count(*)::int AS done FROM eventtrail_inbox')).toEqual([{ done: 5 }])

  const ended = once(group.child, 'close')
  group.child.kill('SIGTERM')
  expect([await ended, group.said()]).toEqual([[0, null], expect.stringContaining('drained')])
}, 240_000)
