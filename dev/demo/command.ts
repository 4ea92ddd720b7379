import type { Command } from 'commander'
import { type CommandHost, wholeNumber } from '../../cli/index.ts'
import type { DemoOptions } from './run.ts'

/** Adds `demo`: what only a clone of the project can do, because it brings its own servers. */
export function demoCommands(program: Command, host: CommandHost): void {
  host
    .connect(program.command('demo'))
    .description(
      'publish the example events through temporary servers, kill the sink in the middle, send dead letters again, and check what arrived'
    )
    .option('--events <n>', 'number of events', wholeNumber(), 20_000)
    .option('--rate <n>', 'events per second (default: unlimited)', wholeNumber())
    .option('--seed <text>', 'the same seed gives the same events', 'eventtrail')
    .option('--keep', 'keep everything running at the end, until Ctrl-C')
    .option('--json', 'print the result as one line of JSON on stdout, and everything else on stderr')
    .addHelpText(
      'after',
      '\nIt starts Kafka, a schema registry and Postgres on 127.0.0.1, and stops them at the end.\nExits 0 when all checks of the table at the end pass, else 1.'
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
