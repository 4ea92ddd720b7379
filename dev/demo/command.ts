import type { Command } from 'commander'
import { type CommandHost, wholeNumber } from '../../cli/index.ts'
import type { DemoOptions } from './run.ts'

/** Adds `demo`: what only a clone of the project can do, because it brings its own servers. */
export function demoCommands(program: Command, host: CommandHost): void {
  host
    .connect(program.command('demo'))
    .description('publish a day at school on servers of its own, kill the sink in between, and see that all adds up')
    .option('--events <n>', 'events of the day', wholeNumber(), 20_000)
    .option('--rate <n>', 'events a second (default: as fast as it goes)', wholeNumber())
    .option('--seed <text>', 'the same seed gives the same day', 'eventtrail')
    .option('--keep', 'leave everything running at the end, until Ctrl-C')
    .option('--json', 'end with one line of JSON on stdout; all else goes to stderr')
    .addHelpText(
      'after',
      '\nIt needs nothing but this clone: Kafka, a schema registry and Postgres are started for it on 127.0.0.1 and stopped at the end.\nExits 0 when the table at the end adds up, 1 when it does not.'
    )
    .action(
      host.action(
        async (context, options: DemoOptions) => {
          const { runDemo } = await import('./run.ts')
          return await runDemo(context, options)
        },
        { finishes: true }
      )
    )
}
