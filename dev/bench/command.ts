import type { Command } from 'commander'
import { type CommandHost, wholeNumber } from '../../cli/index.ts'
import type { ConsumeBenchOptions } from './run-consume.ts'
import type { GrowthBenchOptions } from './run-growth.ts'
import type { LatencyBenchOptions } from './run-latency.ts'
import type { ProofBenchOptions } from './run-proof.ts'
import type { SearchBenchOptions } from './run-search.ts'
import type { SinkBenchOptions } from './run-sink.ts'

/** Adds `bench sink|latency|growth|consume|search|proof`: what only a clone of the project can do, because it brings servers and peers. */
export function benchCommands(program: Command, host: CommandHost): void {
  const bench = program
    .command('bench')
    .description(
      'compare the sink with Debezium and raw COPY, groups with a bare loop, and measure questions to the trail and its verification, on temporary servers'
    )
  host
    .connect(bench.command('sink'))
    .description('measure rows per second, processor time and memory, in turns with Debezium and raw COPY')
    .option('--rows <n>', 'records that each contender stores', wholeNumber(), 500_000)
    .option('--turns <n>', 'number of turns of each contender', wholeNumber(), 5)
    .option('--quick', 'a trial with few rows and one turn, which writes no report')
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
    .description(
      'measure the time from publish to committed row, at 1,000 and 20,000 events per second, against a bare loop'
    )
    .option('--seconds <n>', 'measured seconds of each turn', wholeNumber(), 15)
    .option('--turns <n>', 'number of turns', wholeNumber(), 3)
    .option('--quick', 'a trial with a few seconds and one turn, which writes no report')
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
    .description('measure how rows per second and memory change with the size of the table, partitions and event names')
    .option('--rows <n>', 'rows for each number of partitions and event names', wholeNumber(), 1_000_000)
    .option('--most <n>', 'rows of the largest table', wholeNumber(), 10_000_000)
    .option('--lag <n>', 'lag to catch up with, in records', wholeNumber(), 5_000_000)
    .option('--turns <n>', 'number of turns for partitions and event names', wholeNumber(), 3)
    .option('--quick', 'a trial with few rows and one turn, which writes no report')
    .action(
      host.action(
        async (context, options: GrowthBenchOptions) => {
          const { benchGrowth } = await import('./run-growth.ts')
          return await benchGrowth(context, options)
        },
        { finishes: true }
      )
    )
  host
    .connect(bench.command('consume'))
    .description('measure how many events per second a consumer group hands to handlers, in turns with a bare loop')
    .option('--events <n>', 'events for the handlers that do nothing', wholeNumber(), 300_000)
    .option('--turns <n>', 'number of turns', wholeNumber(), 5)
    .option('--quick', 'a trial with few events and one turn, which writes no report')
    .option('--json', 'print the results as one JSON object, and nothing of each turn')
    .action(
      host.action(
        async (context, options: ConsumeBenchOptions) => {
          const { benchConsume } = await import('./run-consume.ts')
          return await benchConsume(context, options)
        },
        { finishes: true }
      )
    )
  host
    .connect(bench.command('search'))
    .description('measure how long questions to the trail take, without and with the search indexes')
    .option('--rows <n>', 'rows of the trail', wholeNumber(), 1_000_000)
    .option('--large <n>', 'rows of a second, larger trail (default: none)', wholeNumber(0), 0)
    .option('--quick', 'a trial with few rows and questions, which writes no report')
    .option('--json', 'print the results as one JSON object, and nothing of each question')
    .action(
      host.action(
        async (context, options: SearchBenchOptions) => {
          const { benchSearch } = await import('./run-search.ts')
          return await benchSearch(context, options)
        },
        { finishes: true }
      )
    )
  host
    .connect(bench.command('proof'))
    .description('measure how long `proof verify` takes, and how much memory, whole and since an older checkpoint')
    .option('--rows <n>', 'rows of the trail', wholeNumber(), 1_000_000)
    .option(
      '--stretch-rows <n>',
      'rows of a partition in one transaction: few, where the platform is quiet',
      wholeNumber(1),
      500
    )
    .option('--json', 'print the results as one JSON object')
    .action(
      host.action(
        async (context, options: ProofBenchOptions) => {
          const { benchProof } = await import('./run-proof.ts')
          return await benchProof(context, options)
        },
        { finishes: true }
      )
    )
}
