import { Command } from 'commander'
import { expect, test } from 'vitest'
import { aclCommandsOf } from '../../../cli/acls/command.ts'
import { addSettingFlags, type CommandHost } from '../../../cli/command.ts'
import { inboxCommands } from '../../../cli/commands/inbox.ts'
import { operateCommands } from '../../../cli/commands/operate.ts'
import { quarantineCommands } from '../../../cli/commands/quarantine.ts'
import { schemaCommands } from '../../../cli/commands/schemas.ts'
import { sinkCommands } from '../../../cli/commands/sink.ts'
import { verifyCommands } from '../../../cli/commands/verify.ts'
import { deadLetterCommands } from '../../../cli/dead-letters/index.ts'
import { groupCommands } from '../../../cli/groups/command.ts'
import { initCommands } from '../../../cli/index.ts'
import { deliveryCommands, notifierCommands, subscriptionCommands } from '../../../cli/notifier/index.ts'
import { proofCommands } from '../../../cli/proof/index.ts'
import { publishCommands } from '../../../cli/publish/command.ts'
import { retentionCommands } from '../../../cli/retention/index.ts'
import { indexerCommands } from '../../../cli/search/index.ts'
import { trailCommands } from '../../../cli/trail/index.ts'
import { demoCommands } from '../../../dev/demo/command.ts'
import { stackCommands } from '../../../dev/stack/command.ts'
import { testingCommands } from '../../../dev/testing/command.ts'
import { fencesOf, type Page, pages } from '../../support/project/docs.ts'

const host: CommandHost = {
  connect: (command, ...keys) => addSettingFlags(command, keys),
  action: () => async () => undefined
}
const program = new Command('eventtrail')
initCommands(program, host)
schemaCommands(program, host, async () => [])
operateCommands(program, host, {
  migrations: [],
  searchExamination: () => undefined,
  logExamination: () => async () => []
})
for (const register of [
  publishCommands,
  sinkCommands,
  quarantineCommands,
  deadLetterCommands,
  verifyCommands,
  retentionCommands,
  proofCommands,
  inboxCommands,
  indexerCommands,
  notifierCommands,
  subscriptionCommands,
  deliveryCommands,
  stackCommands,
  testingCommands,
  demoCommands,
  aclCommandsOf,
  groupCommands,
  trailCommands
])
  register(program, host)

/** What comes before the name of a command, in any of the ways to call it. */
const call =
  /(?:^|[\s`$(])(?:npx eventtrail|eventtrail|npm run eventtrail --|node bin\/eventtrail\.mjs) ([a-z|]+[^`\n#)]*)/g

/** The calls of `eventtrail` in the shell blocks and the inline code of a page. */
function callsIn(each: Page): string[] {
  const shell = fencesOf(each).filter(({ language }) => language === 'sh' || language === '')
  const inline = [...each.text.matchAll(/(?<!`)`([^`\n]+)`(?!`)/g)].map(([, code = '']) => code)
  const texts = [...shell.map(({ text }) => text), ...inline].map(text =>
    text.replaceAll('\\\n', ' ').replace(/npm (?:run )?(demo|test|integrity)(?: --)?(?= |$)/gm, 'eventtrail $1')
  )
  return [...new Set(texts.flatMap(text => [...text.matchAll(call)].map(([, words = '']) => words.trim())))]
}

const alternatives = (word: string | undefined): string[] => word?.split('|') ?? []

/** What is wrong with a call: a command or a flag that there is not. */
function faultsOf(words: string): string[] {
  const tokens = words.split(/\s+/)
  const flags = tokens.filter(token => token.startsWith('--')).map(token => token.split('=')[0] ?? '')
  let commands: readonly Command[] = [program]
  for (const token of tokens) {
    const names = alternatives(token)
    const next = names.map(name => commands[0]?.commands.find(command => command.name() === name))
    if (next.some(command => command === undefined)) break
    commands = next as Command[]
  }
  if (commands[0] === program) return [`no command: ${words}`]
  return commands.flatMap(command => {
    const known = command.options.map(({ long }) => long)
    const needsOne = command.commands.length > 0 && command.options.length === 0
    if (needsOne && tokens.length > 1) return [`no such command of ${command.name()}: ${words}`]
    return flags.filter(flag => flag !== '--help' && !known.includes(flag)).map(flag => `no ${flag}: ${words}`)
  })
}

test.each(pages())('$path names commands and flags that there are', each => {
  expect(callsIn(each).flatMap(faultsOf)).toEqual([])
})

test('a command or a flag that there is not would be noticed', () => {
  expect(pages().flatMap(callsIn).length).toBeGreaterThan(40)
  expect(faultsOf('sink reset --event x --partition 1 --to earliest --reason y')).toEqual([])
  expect(faultsOf('quarantine list|show')).toEqual([])
  expect(faultsOf('sinks')).toHaveLength(1)
  expect(faultsOf('quarantine remove 3')).toHaveLength(1)
  expect(faultsOf('doctor --jsonl')).toHaveLength(1)
})
