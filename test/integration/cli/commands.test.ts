import { type Command, CommanderError } from 'commander'
import { expect, test } from 'vitest'
import { addSettingFlags, type CommandHost } from '../../../cli/command.ts'
import { createProgram } from '../../../cli/program.ts'
import { type CliResult, runCli } from '../../support/processes/cli.ts'
import { testEnvironment } from '../../support/stack.ts'
import { nobody, unset } from './environments.ts'

const environment = await testEnvironment()

/** The names below `Commands:` in a help text. */
const commandsIn = (help: string): string[] =>
  (help.split('Commands:\n')[1] ?? '')
    .split('\n')
    .map(line => /^ {2}([a-z-]+)/.exec(line)?.[1])
    .filter(name => name !== undefined && name !== 'help') as string[]

interface Shown {
  readonly path: readonly string[]
  readonly help: CliResult
}

/** Every command with the words that lead to it, as the help shows them. A process for each would take minutes. */
async function allCommands(): Promise<Shown[]> {
  const host: CommandHost = { connect: (command, ...keys) => addSettingFlags(command, keys), action: () => notRun }
  const program = await createProgram(host)
  const shown: Shown[] = []
  for (const paths: (readonly string[])[] = [[]]; paths.length > 0; ) {
    const path = paths.shift() ?? []
    const help = await helpOf(program, path)
    shown.push({ path, help })
    paths.push(...commandsIn(help.stdout).map(name => [...path, name]))
  }
  return shown
}

const notRun = () => Promise.reject(new Error('a command was run'))

async function helpOf(program: Command, path: readonly string[]): Promise<CliResult> {
  const [stdout, stderr]: [string[], string[]] = [[], []]
  const output = { writeOut: (text: string) => stdout.push(text), writeErr: (text: string) => stderr.push(text) }
  const listen = (command: Command): void => {
    command.configureOutput(output)
    command.commands.forEach(listen)
  }
  listen(program)
  const end = await program.parseAsync([...path, '--help'], { from: 'user' }).then(
    () => undefined,
    (error: unknown) => error
  )
  if (!(end instanceof CommanderError)) throw end ?? new Error('no help was asked for')
  return { code: end.exitCode, stdout: stdout.join(''), stderr: stderr.join('') }
}

test('every command has a help, found from the first one on', async () => {
  const all = await allCommands()
  // A process of its own prints the same.
  for (const { path, help } of all.filter(({ path }) => ['', 'sink reset'].includes(path.join(' '))))
    expect(await runCli([...path, '--help'], unset)).toEqual(help)
  for (const { path, help } of all) {
    expect([path.join(' '), help.code, help.stderr]).toEqual([path.join(' '), 0, ''])
    expect(help.stdout).toContain(`Usage: ${['eventtrail', ...path].join(' ')}`)
    // A line or more of what it does is between usage and options.
    expect(
      help.stdout
        .split(/Options:|Commands:|Arguments:/)[0]
        ?.split('\n')
        .slice(2)
        .join('')
        .trim()
    ).not.toBe('')
  }
  const names = all.map(({ path }) => path.join(' '))
  for (const name of [
    'schemas register',
    'schemas check',
    'publish',
    'sink',
    'sink reset',
    'sink resume',
    'quarantine retry',
    'migrate',
    'doctor',
    'indexer',
    'notifier',
    'stack up',
    'demo'
  ])
    expect(names).toContain(name)
  const reset = all.find(({ path }) => path.join(' ') === 'sink reset')?.help.stdout ?? ''
  for (const flag of ['event', 'to', 'reason']) expect(reset).toMatch(new RegExp(`--${flag} <[^-]*\\(required\\)`))
  expect(reset.match(/\(required\)/g)).toHaveLength(3)
  for (const { path, help } of all.filter(({ help }) => help.stdout.includes('--group')))
    expect(help.stdout.replace(/\s+/g, ' '), path.join(' ')).toContain('without the prefix')
  expect(all[0]?.help.stdout).toContain('Exit codes: 0 done, 1 completed with findings, 2')
})

/** Commands that need schemas: without any they say how to begin, before they ask a server. */
const schemaCommands = [
  ['schemas', 'register'],
  ['schemas', 'list'],
  ['schemas', 'check'],
  ['schemas', 'generate', '--out', 'x.ts'],
  ['publish', 'badge.awarded']
]

test.each([
  [[], 'Usage: eventtrail'],
  [['nonsense'], 'unknown command'],
  [['nonsense', '--help'], "unknown command 'nonsense'"],
  [['help', 'nonsense'], "unknown command 'nonsense'"],
  [['schemas', 'nonsense', '--help'], "unknown command 'nonsense'"],
  [['sink', 'nonsense'], "unknown command 'nonsense'"],
  [
    ['sink', '--connections', '1000'],
    "'--connections <n>' argument '1000' is invalid. Expected a whole number from 1 to 100"
  ],
  [['sink', '--linger', '1e10'], "'--linger <ms>' argument '1e10' is invalid"],
  [['sink', '--session-timeout', '10000000000'], "'--session-timeout <ms>' argument"],
  [['quarantine', 'discard', '0x5', '--reason', 'r'], "'0x5' is invalid"],
  [['sink', '--nonsense'], 'unknown option'],
  [['search', 'fractions', '-basic'], 'words that begin with - follow --'],
  [['sink', '--max-records', 'many'], '--max-records'],
  [['sink', '--session-timeout', '5'], '--session-timeout'],
  [['sink'], 'KAFKA_BROKERS is not set'],
  [['sink', 'reset'], '--event'],
  [['migrate'], 'DATABASE_URL is not set'],
  [['search', 'shoes'], 'DISCLOSURE_PARTY is not set'],
  [['search', 'shoes', '--party', 'a', '--purpose', 'b'], 'DATABASE_URL is not set'],
  [['indexer', '--example'], 'Neither DATABASE_URL nor OPENSEARCH_URL is set'],
  [['doctor'], 'KAFKA_BROKERS is not set'],
  [['quarantine', 'list'], 'DATABASE_URL is not set'],
  [['migrate', '--database', 'no url'], 'expected a URL'],
  [['migrate', '--with', 'indexers'], 'no part indexers; expected indexer or notifier'],
  ...schemaCommands.map(command => [command, 'name your folder with --schemas <dir>'] as [string[], string]),
  [['schemas', 'list', '--example', '--schemas', 'x'], 'cannot be used with'],
  [['doctor', '--config', 'absent.json'], 'absent.json']
])('called or configured wrongly it exits with 2 and says why: %j', async (args, words) => {
  const refused = await runCli(args, unset)
  expect(refused).toMatchObject({ code: 2, stdout: '' })
  expect(refused.stderr).toContain(words)
  expect(refused.stderr).not.toMatch(/^\s+at /m)
})

test.each([
  [['migrate'], 'Postgres'],
  [['quarantine', 'list'], 'Postgres'],
  [['sink'], 'Postgres'],
  [['sink', 'reset', '--event', 'a.b', '--partition', '0', '--to', 'latest', '--reason', 'r'], 'Postgres'],
  [['schemas', 'register', '--example'], 'registry']
])('with no server where it looks, it exits with 3 and says which: %j', async (args, words) => {
  const failed = await runCli(args, { ...unset, ...nobody })
  expect(failed.code).toBe(3)
  const last = failed.stderr.trim().split('\n').at(-1)
  expect(last).toContain(words)
  expect(last).toMatch(/^eventtrail: /)
})

test.each([
  [{ pathname: '/no_such_database' }, 'no database of the name'],
  [{ username: 'nobody_of_this_name' }, 'does not accept the'],
  [{ password: 'not-the-password' }, 'does not accept the password']
])('where Postgres does not take in %j it exits with 2', async (wrong, words) => {
  const url = Object.assign(new URL(process.env.DATABASE_URL ?? ''), wrong)
  for (const command of [['migrate'], ['quarantine', 'list'], ['search', 'words']]) {
    const refused = await runCli(command, { ...unset, DATABASE_URL: url.href })
    expect(refused).toMatchObject({ code: 2, stdout: '' })
    if (command[0] === 'migrate') expect(refused.stderr).toContain(words)
  }
})

test('mistakes in a call have one form, and name the flag or the setting', async () => {
  const env = { ...environment.env, KAFKA_BROKERS: '127.0.0.1:1' }
  expect(await runCli(['verify', '--nonsense'], env)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^eventtrail: unknown option '--nonsense'/)
  })
  expect(await runCli(['sink', '--group', 'a b'], env)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^eventtrail: Expected `--group` to be/m)
  })
  expect(await runCli(['migrate'], env)).toMatchObject({ code: 0 })
  expect(await runCli(['verify'], env)).toMatchObject({
    code: 3,
    stderr: expect.stringMatching(/^eventtrail: .*Check KAFKA_BROKERS and that a broker listens there$/m)
  })
})
