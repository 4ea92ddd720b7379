import { accessSync, constants } from 'node:fs'
import { makeFolder } from '../../cli/index.ts'
import { home, logsFolder, partsFolder, runFolder } from '../tools/index.ts'
import { StackError } from './errors.ts'

/** Makes the folders of the stack. @throws StackError `SERVER_FAILED` when they cannot be written. */
export function makeFolders(): void {
  try {
    for (const folder of [partsFolder, runFolder, logsFolder]) {
      makeFolder(folder)
      accessSync(folder, constants.W_OK)
    }
  } catch {
    throw new StackError(
      'SERVER_FAILED',
      `${home} cannot be written: remove it if another user made it, or name another folder in EVENTTRAIL_HOME`
    )
  }
}
