import type { Command } from 'commander'
import type { CommandHost } from '../command.ts'
import { disclosuresCommand } from './disclosures.ts'
import { exportCommand } from './export/index.ts'
import { findCommand } from './find.ts'

/** `eventtrail trail find|export|disclosures` */
export function trailCommands(program: Command, host: CommandHost): void {
  const trail = program.command('trail').description('find and export events, and list who was shown content')
  findCommand(trail, host)
  exportCommand(trail, host)
  disclosuresCommand(trail, host)
}
