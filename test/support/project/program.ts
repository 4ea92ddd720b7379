import { Command } from 'commander'
import { addSettingFlags, type CommandContext, type CommandHost, configFromOptions } from '../../../cli/command.ts'
import { createLogger } from '../../../cli/log.ts'
import { createProgram } from '../../../cli/program.ts'
import { describeError } from '../../../core/index.ts'

/** A command that runs in this process: what it has printed so far, and its end. */
export interface RunningCommand {
  /** Everything: results, words for the person at the terminal, and logs. */
  readonly printed: () => string
  /** Results alone. */
  readonly results: () => string
  /** The exit code, or what it was refused with, whose words are printed too. */
  readonly ended: Promise<number | Error>
}

/** Runs a command in this process, with the settings of its environment: quicker than a process for each. */
export function runInProcess(args: readonly string[]): RunningCommand {
  const lines: string[] = []
  const results: string[] = []
  const print = (line: string): void => void lines.push(line)
  let code: number | undefined
  const host: CommandHost = {
    connect: (command, ...keys) => addSettingFlags(command, keys),
    action:
      work =>
      async (...given) => {
        const command = given.find(arg => arg instanceof Command)
        const context: CommandContext = {
          out: line => {
            results.push(line)
            print(line)
          },
          say: print,
          stdout: { isTerminal: false, write: async bytes => print(bytes.toString()) },
          draw: print,
          interactive: false,
          config: configFromOptions(command?.optsWithGlobals() ?? {}),
          log: createLogger({ level: 'debug', destination: { write: print } }),
          signal: new AbortController().signal
        }
        code = await work(context, ...given)
      }
  }
  const run = async (): Promise<number | Error> => {
    try {
      const program = await createProgram(host)
      await program.parseAsync(args, { from: 'user' })
      return code ?? new Error('the command has no exit code')
    } catch (error) {
      print(describeError(error))
      return error as Error
    }
  }
  return { printed: () => lines.join('\n'), results: () => results.join('\n'), ended: run() }
}
