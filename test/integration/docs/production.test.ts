import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cloneRoot } from '../../../dev/tools/folders.ts'
import { runCli } from '../../support/processes/cli.ts'
import { startSink } from '../../support/processes/sink-process.ts'
import { fencesOf, page } from '../../support/project/docs.ts'
import { eventually, testEnvironment } from '../../support/stack.ts'

// docs/production.md, "The first start", command by command: a database without tables, a cluster without topics.
const environment = await testEnvironment()
const schemas = join(cloneRoot, 'test', 'fixtures', 'schemas')

/** The calls of eventtrail in the blocks of a section, in their order, without what a comment says. */
function callsOf(heading: string): string[][] {
  const { path, text } = page('docs/production.md')
  const [, section = ''] = text.split(`\n## ${heading}\n`)
  const own = section.split('\n## ', 1)[0] ?? ''
  return fencesOf({ path, text: own })
    .filter(({ language }) => language === 'sh')
    .flatMap(fence => fence.text.split(/\n|&&/))
    .map(line => line.replace(/#.*/, '').trim().split(/\s+/))
    .filter(([program]) => program === 'eventtrail')
    .map(([, ...words]) => words)
}

test('from a database without tables to a trail that adds up, by the commands of the page', async () => {
  const calls = callsOf('The first start')
  expect(calls.map(words => words.join(' '))).toEqual([
    'migrate',
    'schemas register --schemas schemas',
    'doctor',
    'sink',
    'doctor',
    'verify'
  ])
  const run = async (words: readonly string[]) => {
    // The folder of the page is that of the reader.
    const args = words.map((word, index) => (words[index - 1] === '--schemas' ? schemas : word))
    const { code, stdout, stderr } = await runCli(args, environment.env)
    expect([code, stdout.includes('WRONG')], `${words.join(' ')}\n${stdout}${stderr}`).toEqual([0, false])
    return stdout
  }
  const [migrate = [], register = [], doctor = [], , , verify = []] = calls
  await run(migrate)
  await run(register)
  await run(doctor)

  const sink = startSink(environment)
  await eventually(() => sink.log().includes('reading every event of the registry'), { what: 'the sink has started' })
  const event = { aggregate_id: randomUUID(), payload: { text: 'the first one' } }
  const published = await runCli(
    ['publish', 'probe.sent', '--schemas', schemas],
    environment.env,
    `${JSON.stringify(event)}\n`
  )
  expect(published).toMatchObject({ code: 0 })
  await eventually(async () => /\b1 row/.test((await runCli(verify, environment.env)).stdout), {
    what: 'verify counts the event',
    timeoutMs: 60_000
  })
  await run(doctor)
  await run(verify)
  expect(await sink.stop()).toBe(0)
})
