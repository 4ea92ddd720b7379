import { rmSync } from 'node:fs'
import { SMTPServer } from 'smtp-server'
import { afterAll, expect, test } from 'vitest'
import { processTimes } from '../../dev/bench/measure/proc.ts'
import { runCli } from '../support/processes/cli.ts'
import { type Program, startToldBy, type ToldProcess } from '../support/processes/status.ts'
import { eventually } from '../support/stack.ts'
import { badge, lesson, type TestTrail, testTrail } from '../support/trail.ts'
import { buildPackage, ensureNode, oldestNode } from './harness/nodes.ts'
import { folder, record, settings } from './harness/settings.ts'

// Every Node has topics, groups and a database of its own, so that none does the work of the other.
const built = folder('idle')
afterAll(() => rmSync(built, { recursive: true, force: true }))
const entry = await buildPackage(built)
const programs: readonly (Program & { version: string })[] = [
  { node: await ensureNode(oldestNode), entry, version: oldestNode },
  { node: process.execPath, entry, version: process.versions.node }
]
const seconds = settings.quick ? 30 : 600
/** Of a core, in the long run: a short one still has the work of the start in it. */
const mostOfACore = 0.01

const smtp = new SMTPServer({ disabledCommands: ['AUTH', 'STARTTLS'], logger: false })
await new Promise<void>(resolve => smtp.listen(0, '127.0.0.1', resolve))
afterAll(() => new Promise<void>(resolve => smtp.close(() => resolve())))
const { port } = smtp.server.address() as { port: number }

interface IdleProcess {
  readonly name: string
  readonly version: string
  readonly told: ToldProcess
}

async function startAll(program: (typeof programs)[number], trail: TestTrail): Promise<IdleProcess[]> {
  const start = async (name: string, ...flags: string[]): Promise<IdleProcess> => {
    const told = await startToldBy(program, { ...trail.env, LOG_LEVEL: 'info' }, name, ...flags)
    await told.becomes('ready')
    return { name, version: program.version, told }
  }
  return Promise.all([
    start('sink'),
    start('indexer', '--example'),
    start('notifier', '--example', '--smtp', `smtp://127.0.0.1:${port}`)
  ])
}

const counted = async ({ told }: IdleProcess, name: string): Promise<number> =>
  [...(await told.metrics())].reduce((sum, [sample, value]) => (sample.startsWith(name) ? sum + value : sum), 0)

/** Publishes an event for each of them, and waits until they have done what they do with it. */
async function flow(trail: TestTrail, [sink, indexer, notifier]: IdleProcess[], times: number): Promise<void> {
  if (!sink || !indexer || !notifier) throw new Error('not all of them run')
  await trail.publish([lesson(), badge()])
  for (const [each, name, count] of [
    [sink, 'eventtrail_sink_rows_total', 2 * times],
    [indexer, 'eventtrail_group_handled_total', times],
    // The recipient of the badge is unknown.
    [notifier, 'eventtrail_group_dead_lettered_total', times]
  ] as const)
    await eventually(async () => (await counted(each, name)) === count, { what: `${each.name} got event ${times}` })
}

test('who has nothing to do says nothing, takes next to nothing, and is there when something comes', {
  timeout: (seconds + 240) * 1_000
}, async () => {
  const crews = await Promise.all(
    programs.map(async program => {
      const trail = await testTrail()
      for (const name of ['lesson.published', 'badge.awarded', 'quiz.submitted']) await trail.offer(name)
      expect((await runCli(['migrate', '--with', 'indexer,notifier'], trail.env)).code).toBe(0)
      const crew = await startAll(program, trail)
      await flow(trail, crew, 1)
      return { trail, crew }
    })
  )
  const all = crews.flatMap(({ crew }) => crew)
  // Groups say so when they have handled something, once.
  for (const { name, told } of all.filter(each => each.name !== 'sink'))
    await eventually(() => told.output().includes('"progress"'), { what: `${name} has told of the first event` })

  const processorTime = ({ told: { child } }: IdleProcess) => processTimes(child.pid ?? 0)?.own ?? Number.NaN
  const before = all.map(each => ({ each, time: processorTime(each), said: each.told.output() }))
  const began = performance.now()
  const elapsed = () => (performance.now() - began) / 1_000
  const spoke = () => before.filter(({ each, said }) => each.told.output() !== said)
  await eventually(() => elapsed() >= seconds || spoke().length > 0, {
    what: 'the time is over',
    timeoutMs: (seconds + 60) * 1_000
  })
  const span = elapsed()
  const shares = before.map(({ each, time }) => {
    const processorSeconds = Number((processorTime(each) - time).toFixed(2))
    record({
      type: 'idle',
      process: each.name,
      node: each.version,
      seconds: Number(span.toFixed(1)),
      processorSeconds
    })
    return { who: `${each.name} on Node ${each.version}`, share: processorSeconds / span }
  })
  expect(spoke().map(({ each, said }) => `${each.name}: ${each.told.output().slice(said.length)}`)).toEqual([])
  for (const { who, share } of shares) {
    expect(share, who).toBeGreaterThan(0)
    if (!settings.quick) expect(share, who).toBeLessThan(mostOfACore)
  }

  for (const { trail, crew } of crews) await flow(trail, crew, 2)
  for (const { name, told } of all) expect(await told.stop(), name).toBe(0)
})
