import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { runProgram } from '../../support/processes/cli.ts'

const main = fileURLToPath(new URL('../../simulator/main.ts', import.meta.url))

it.each<[string, string[], string]>([
  ['a path without its seed', ['--path', '0'], 'needs the --seed'],
  ['what is no path', ['--seed', '5', '--path', 'zzz'], 'no schedule at zzz'],
  ['a path that leads nowhere', ['--seed', '5', '--path', '0:99999'], 'no schedule at 0:99999'],
  ['an empty path', ['--seed', '5', '--path', ''], 'no schedule at '],
  ['a path and a number of schedules', ['--seed', '5', '--path', '0', '--schedules', '9'], 'cannot be used with']
])('refuses %s', { timeout: 30_000 }, async (_, args, message) => {
  const { code, stdout, stderr } = await runProgram(main, args)
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr.trim().split('\n')).toEqual([expect.stringContaining(message)])
})

it('runs the one schedule of a path', { timeout: 30_000 }, async () => {
  const { code, stdout } = await runProgram(main, ['--seed', '5', '--path', '0'])
  expect(code).toBe(0)
  expect(stdout.trim().split('\n')).toEqual(['seed 5', '1 schedule', 'nothing was lost, doubled or out of order'])
})
