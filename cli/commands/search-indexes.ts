import { counted } from '../../core/index.ts'
import type { Pool } from '../../postgres/index.ts'
import { buildSearchIndexes, dropSearchIndexes } from '../../trail/index.ts'
import { type CommandContext, type ExitCode, exitCodes } from '../command.ts'

/** Builds or removes the search indexes, for `eventtrail migrate --search` and `--drop-search`. */
export async function runSearchIndexes(context: CommandContext, pool: Pool, isDrop: boolean): Promise<ExitCode> {
  const work = {
    pool,
    signal: context.signal,
    onProgress: (words: string) => context.say(`eventtrail migrate: ${words}`)
  }
  const parts = await (isDrop ? dropSearchIndexes(work) : buildSearchIndexes(work))
  if (parts === undefined) {
    context.say('eventtrail migrate: stopped; what is done stays, and the same command continues')
    return exitCodes.interrupted
  }
  if (isDrop) context.out(`search indexes: ${parts > 0 ? `removed ${counted(parts, 'part')}` : 'none'}`)
  else context.out(`search indexes: ${parts > 0 ? `built ${counted(parts, 'part')}` : 'complete'}`)
  return exitCodes.ok
}
