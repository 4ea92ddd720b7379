import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { runCli } from '../../../support/processes/cli.ts'

const home = await mkdtemp(join(tmpdir(), 'eventtrail home '))
afterAll(() => rm(home, { recursive: true }))

test.each<[string, string[], Record<string, string>, string]>([
  ['an unknown EVENTTRAIL_STACK', [], { EVENTTRAIL_STACK: 'bogus' }, 'must be embedded or docker'],
  ['an unknown version', [], { EVENTTRAIL_KAFKA_VERSION: '4' }, 'EVENTTRAIL_KAFKA_VERSION must be a version like'],
  ['one port for two', ['--kafka-port', '45678', '--registry-port', '45678'], {}, 'of kafka and of registry']
])('stack up refuses %s and starts nothing', async (_, args, env, message) => {
  const { code, stdout, stderr } = await runCli(['stack', 'up', ...args], { ...env, EVENTTRAIL_HOME: home })
  expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(message)])
})

test.each<[string, string[], string]>([
  ['an option that there is not', ['--foo'], 'no --foo: it takes --quick, --seed <n>, --minutes <n>, -t <name>'],
  ['an option of vitest that is not for it', ['soak', '--watch'], 'no --watch: it takes'],
  ['a file that there is not', ['test/integrity/processes/no-loss', 'bogus'], 'no file in test/integrity matches bogus']
])('integrity refuses %s and starts nothing', async (_, args, message) => {
  const { code, stdout, stderr } = await runCli(['integrity', ...args], { EVENTTRAIL_HOME: home })
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr.trim().split('\n')).toEqual([expect.stringContaining(message)])
})

test('an integrity run that breaks nothing makes the log that it names', async () => {
  const { code, stderr } = await runCli(['integrity', 'slow-postgres', '-t', 'no such test'], { EVENTTRAIL_HOME: home })
  expect(code, stderr).toBe(0)
  expect(await readFile(/a line in (.*)/.exec(stderr)?.[1] ?? '', 'utf8')).toBe('')
})
