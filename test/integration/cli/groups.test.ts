import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { cli } from '../../support/processes/cli.ts'
import { eventually } from '../../support/stack.ts'
import { badge, lesson, testSchool } from '../consumers/school.ts'

const school = await testSchool()

interface Run {
  readonly child: ChildProcess
  readonly output: () => string
  readonly exit: Promise<number | null>
}

function eventtrail(env: Record<string, string>, ...args: string[]): Run {
  const child = spawn(process.execPath, [cli, ...args], { env: { ...process.env, ...env } })
  onTestFinished(() => void child.kill('SIGKILL'))
  const chunks: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', chunk => chunks.push(String(chunk)))
  return { child, output: () => chunks.join(''), exit: once(child, 'close').then(([code]) => code as number | null) }
}

test('indexer and search as commands: missing tables, a line on start, killed and started again, a clean stop', async () => {
  const term = school.enrol()
  await term.offer('lesson.published')
  // Without it the documents go to an OpenSearch that the tests of others run on.
  const env = { ...school.env, TOPIC_PREFIX: term.topicPrefix, OPENSEARCH_URL: '' }
  const search = async (words: string): Promise<string[]> => {
    const run = eventtrail(env, 'search', words)
    await run.exit
    return run.output().split('\n').filter(Boolean)
  }

  const early = eventtrail(env, 'indexer', '--example')
  expect(await early.exit).toBe(2)
  expect(early.output()).toContain('run `eventtrail migrate --with indexer`')
  expect(await eventtrail(env, 'migrate', '--with', 'indexer').exit).toBe(0)

  const first = eventtrail(env, 'indexer', '--example')
  await eventually(() => first.output().includes(`reading ${term.topicPrefix}lesson.published`), {
    what: 'the greeting'
  })
  const lessonId = '01934567-89ab-7def-8000-000000000009'
  await term.publish(lesson('Volcanoes', { aggregateId: lessonId }))
  const found = await eventually(async () => (await search('volcano')).find(line => line.endsWith('*Volcanoes*')), {
    what: 'the lesson is found'
  })
  expect(found).toContain(lessonId)
  first.child.kill('SIGKILL')
  await first.exit

  await term.publish(lesson('Glaciers'))
  const second = eventtrail(env, 'indexer', '--example')
  await eventually(async () => (await search('glacier')).some(line => line.endsWith('*Glaciers*')), {
    what: 'the next lesson is found',
    timeoutMs: 40_000
  })
  second.child.kill('SIGTERM')
  expect(await second.exit).toBe(0)
  expect(second.output()).toContain('group stopped')
  expect(second.output()).not.toContain('Glaciers')
  expect(await search('nothing')).toEqual(['Nothing found among 2 documents.'])
})

test('notifier as a command: says what is missing, and stops when it is asked to', async () => {
  const term = school.enrol()
  const { SMTP_URL: _, ...parent } = process.env as Record<string, string>
  const env = { ...parent, ...school.env, TOPIC_PREFIX: term.topicPrefix, SMTP_URL: '' }
  const without = eventtrail(env, 'notifier', '--example')
  expect(await without.exit).toBe(2)
  expect(without.output()).toContain('SMTP_URL is not set')
  const nobody = eventtrail(env, 'notifier', '--example', '--smtp', 'smtp://127.0.0.1:9', '--from', 'not an address')
  expect(await nobody.exit).toBe(2)
  expect(nobody.output()).toContain('--from: expected an address, or Name <address>')
  expect(await eventtrail(env, 'migrate', '--with', 'notifier').exit).toBe(0)
  const start = ['notifier', '--example', '--smtp', 'smtp://127.0.0.1:9', '--group', 'mailers', '--start-from']
  const when = eventtrail(env, ...start, '2026-03-01')
  expect(await when.exit).toBe(2)
  expect(when.output()).toContain('Expected earliest, latest, or a time with its zone')
  await term.offer('badge.awarded', 1)
  await term.publish(badge(crypto.randomUUID()), badge(crypto.randomUUID()))
  const run = eventtrail(env, ...start, 'latest')
  await eventually(() => run.output().includes(`group ${term.topicPrefix}mailers`), { what: 'the greeting' })
  const position = async () =>
    (await school.admin.groupOffsets(`${term.topicPrefix}mailers`)).get(`${term.topicPrefix}badge.awarded`)
  await eventually(async () => (await position())?.get(0) === 2, { what: 'it begins at the end' })
  run.child.kill('SIGTERM')
  expect(await run.exit).toBe(0)
  expect(run.output()).toContain('"handled":0')
})
