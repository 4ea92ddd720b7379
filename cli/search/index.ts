/** `eventtrail indexer`, `search` and `index rebuild`. */
import type { Command } from 'commander'
import type { CommandHost } from '../command.ts'
import { indexerCommand } from './indexer.ts'
import { rebuildCommand } from './rebuild.ts'
import { searchCommand } from './search.ts'

export { searchExamination } from './examine.ts'

export function indexerCommands(program: Command, host: CommandHost): void {
  indexerCommand(program, host)
  searchCommand(program, host)
  rebuildCommand(program, host)
}
