import type { Command } from 'commander'
import { type CommandHost, wholeNumber } from '../../cli/index.ts'
import { runIntegrity } from '../../test/integrity/report/run.ts'
import { runTests } from './test-run.ts'

/** Adds `test` and `integrity`. */
export function testingCommands(program: Command, host: CommandHost): void {
  program
    .command('test')
    .description('run the tests on servers of their own, which are gone afterwards')
    .argument('[vitest...]', 'what vitest takes: files, -t <name> …')
    .option('--unit', 'only the tests that need no servers')
    .allowUnknownOption()
    .action(host.action(runTests, { finishes: true }))
  program
    .command('integrity')
    .description('break real servers and processes on purpose, and check that nothing was lost')
    .argument('[files...]', 'of test/integrity: parts of their paths (default: all of them)')
    .option('--quick', 'ten kills where the full suite makes a hundred')
    .option('--seed <n>', 'of the random moments; printed by each run (default: another one each time)', wholeNumber())
    .option('--minutes <n>', 'let the soak last so long; alone, run the soak and nothing else', wholeNumber())
    .option('-t, --testNamePattern <name>', 'only the tests whose names match this')
    // Refused by the work itself, which names the valid ones.
    .allowUnknownOption()
    .action(host.action(runIntegrity, { finishes: true }))
}
