import type { Command } from 'commander'
import { type CommandHost, wholeNumber } from '../../cli/index.ts'
import { runIntegrity } from '../../test/integrity/report/run.ts'
import { runMatrix } from './matrix/index.ts'
import { runTests } from './test-run.ts'

/** Adds `test`, `integrity` and `matrix`. */
export function testingCommands(program: Command, host: CommandHost): void {
  program
    .command('test')
    .description('run the tests on temporary servers, or on those of `stack env`')
    .argument('[vitest...]', 'arguments of vitest: files, -t <name>, …')
    .option('--unit', 'only unit tests, which need no servers')
    .allowUnknownOption()
    .action(host.action(runTests, { finishes: true }))
  program
    .command('integrity')
    .description('break real servers and processes on purpose, and check that nothing was lost')
    .argument('[files...]', 'tests to run, by parts of their paths in test/integrity (default: all)')
    .option('--quick', 'a short run, with 10 kills instead of 100')
    .option('--seed <n>', 'seed of the random moments, which each run prints (default: random)', wholeNumber())
    .option('--minutes <n>', 'duration of the soak test; without files, only the soak test runs', wholeNumber())
    .option('-t, --testNamePattern <name>', 'only tests whose names match')
    // Refused by the work itself, which names the valid ones.
    .allowUnknownOption()
    .action(host.action(runIntegrity, { finishes: true }))
  program
    .command('matrix')
    .description('run the tests that touch servers against several versions of Kafka, the registry and Postgres')
    .argument('[versions...]', 'only combinations with one of these versions, such as 3.9.1 (default: all)')
    .option('--quick', 'one combination and few tests, as CI runs it')
    .action(host.action(runMatrix, { finishes: true }))
}
