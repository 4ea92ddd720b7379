import type { Command } from 'commander'
import type { CommandHost } from '../command.ts'
import { disclosuresCommand } from './disclosures.ts'
import { exportCommand } from './export/index.ts'

/** `eventtrail trail export|disclosures` */
export function trailCommands(program: Command, host: CommandHost): void {
  const trail = program.command('trail').description('export events of the trail, and list who was shown content')
  exportCommand(trail, host)
  disclosuresCommand(trail, host)
}
