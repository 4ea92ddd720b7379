import type { Command } from 'commander'
import { type CommandHost, wholeNumber } from '../../cli/index.ts'
import type { GrowthBenchOptions } from './run-growth.ts'
import type { LatencyBenchOptions } from './run-latency.ts'
import type { SinkBenchOptions } from './run-sink.ts'

/** Adds `bench sink|latency|growth`: what only a clone of the project can do, because it brings servers and peers. */
export function benchCommands(program: Command, host: CommandHost): void {
  const bench = program.command('bench').description('measure the sink against its peers, on servers of its own')
  host
    .connect(bench.command('sink'))
    .description('rows a second, processor time and memory, in turns with Debezium and raw COPY')
    .option('--rows <n>', 'records that each contender stores', wholeNumber(), 500_000)
    .option('--turns <n>', 'how often each contender is measured', wholeNumber(), 5)
    .option('--quick', 'few rows, one turn, nothing written: whether it all still works')
    .option('--only <names>', 'only these contenders, comma-separated')
    .action(
      host.action(
        async (context, options: SinkBenchOptions) => {
          const { benchSink } = await import('./run-sink.ts')
          return await benchSink(context, options)
        },
        { finishes: true }
      )
    )
  host
    .connect(bench.command('latency'))
    .description('from publish to committed row, at 1,000 and 20,000 events a second, against a bare loop')
    .option('--seconds <n>', 'measured in each turn', wholeNumber(), 15)
    .option('--turns <n>', 'how often everything is measured', wholeNumber(), 3)
    .option('--quick', 'a few seconds, one turn, nothing written')
    .action(
      host.action(
        async (context, options: LatencyBenchOptions) => {
          const { benchLatency } = await import('./run-latency.ts')
          return await benchLatency(context, options)
        },
        { finishes: true }
      )
    )
  host
    .connect(bench.command('growth'))
    .description('how rows a second and memory change with the size of the table, with partitions and event names')
    .option('--rows <n>', 'of each number of partitions and names', wholeNumber(), 1_000_000)
    .option('--most <n>', 'of the largest table', wholeNumber(), 10_000_000)
    .option('--lag <n>', 'to catch up with', wholeNumber(), 5_000_000)
    .option('--turns <n>', 'how often partitions and names are measured', wholeNumber(), 3)
    .option('--quick', 'few rows, one turn, nothing written')
    .action(
      host.action(
        async (context, options: GrowthBenchOptions) => {
          const { benchGrowth } = await import('./run-growth.ts')
          return await benchGrowth(context, options)
        },
        { finishes: true }
      )
    )
}
