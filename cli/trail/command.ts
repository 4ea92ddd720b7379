import type { Command } from 'commander'
import type { CommandHost } from '../command.ts'
import { disclosuresCommand } from './disclosures.ts'

/** `eventtrail trail disclosures` */
export function trailCommands(program: Command, host: CommandHost): void {
  const trail = program.command('trail').description('list who was shown the content of the trail')
  disclosuresCommand(trail, host)
}
