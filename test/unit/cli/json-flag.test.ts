import { expect, test } from 'vitest'
import { allCommands } from '../../support/project/commands.ts'

/** Commands without `--json`, and why programs do not read what they print. */
const without: Readonly<Record<string, string>> = {
  init: 'writes files',
  'schemas generate': 'writes a file',
  'inbox sql': 'prints SQL',
  'stack env': 'prints lines for a shell',
  migrate: 'prints SQL with --print, else one line for each part; its exit code says whether all is applied',
  sink: 'runs until it is stopped, and logs JSON',
  indexer: 'runs until it is stopped, and logs JSON',
  notifier: 'runs until it is stopped, and logs JSON',
  'proof witness': 'runs until it is stopped, and logs JSON',
  'stack up': 'for people in a clone',
  'stack down': 'for people in a clone',
  'stack status': 'for people in a clone',
  test: 'for people in a clone',
  integrity: 'for people in a clone',
  matrix: 'for people in a clone',
  'bench sink': 'for people in a clone',
  'bench latency': 'for people in a clone',
  'bench growth': 'for people in a clone'
}

test('every command that prints a result prints it as JSON too', async () => {
  const commands = await allCommands()
  expect(commands.size).toBeGreaterThan(40)
  const inWordsAlone = [...commands].filter(([, { options }]) => !options.some(({ long }) => long === '--json'))
  expect(inWordsAlone.map(([name]) => name).toSorted()).toEqual(Object.keys(without).toSorted())
})
