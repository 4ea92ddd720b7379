import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { runCli } from '../../support/cli.ts'

const home = await mkdtemp(join(tmpdir(), 'eventtrail home '))
afterAll(() => rm(home, { recursive: true }))

test.each<[string, string[], Record<string, string>, string]>([
  ['an unknown EVENTTRAIL_STACK', [], { EVENTTRAIL_STACK: 'bogus' }, 'must be embedded or docker'],
  ['one port for two', ['--kafka-port', '45678', '--registry-port', '45678'], {}, 'of kafka and of registry']
])('stack up refuses %s and starts nothing', async (_, args, env, message) => {
  const { code, stdout, stderr } = await runCli(['stack', 'up', ...args], { ...env, EVENTTRAIL_HOME: home })
  expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(message)])
})
