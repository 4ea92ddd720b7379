import type { Command } from 'commander'
import type { CommandHost } from '../command.ts'
import { adoptCommand } from './adopt.ts'
import { checkpointCommand } from './checkpoint.ts'
import { exportCommand } from './export.ts'
import { initCommand } from './init.ts'
import { keyCommands } from './key.ts'
import { proveCommand } from './prove.ts'
import { recoverCommand } from './recover.ts'
import { verifyCommand } from './verify.ts'
import { watchCommand } from './watch.ts'
import { witnessCommand } from './witness.ts'

/** `eventtrail proof init|adopt|key|checkpoint|verify|export|prove|recover|watch|witness` */
export function proofCommands(program: Command, host: CommandHost): void {
  const proof = program.command('proof').description('prove the trail: what was stored in it, and that it is unchanged')
  initCommand(proof, host)
  adoptCommand(proof, host)
  keyCommands(proof, host)
  checkpointCommand(proof, host)
  verifyCommand(proof, host)
  exportCommand(proof, host)
  proveCommand(proof, host)
  recoverCommand(proof, host)
  watchCommand(proof, host)
  witnessCommand(proof, host)
}
