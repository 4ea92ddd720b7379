import type { Command } from 'commander'
import { addSettingFlags, type CommandHost, type CommandWork } from '../../../cli/command.ts'
import { createProgram } from '../../../cli/program.ts'

/** Commands that do something by themselves, by the words that lead to them. */
const namesOf = (command: Command, path: readonly string[] = []): Map<string, Command> =>
  new Map([
    ...(command.commands.length === 0 || path.join(' ') === 'sink' ? [[path.join(' '), command] as const] : []),
    ...command.commands.flatMap(each => [...namesOf(each, [...path, each.name()])])
  ])

/** All commands of the program. */
export async function allCommands(): Promise<ReadonlyMap<string, Command>> {
  const host: CommandHost = {
    connect: (command, ...keys) => addSettingFlags(command, keys),
    action:
      <Args extends unknown[]>(_: CommandWork<Args>) =>
      () =>
        Promise.reject(new Error('a command was run'))
  }
  return namesOf(await createProgram(host))
}
