import { describeError } from '../../core/index.ts'
import type { Queries } from '../../postgres/index.ts'
import { parseCheckpoint, parseNote } from '../../proof/index.ts'
import { proofOrigin } from '../../trail/index.ts'
import { readCheckpoint, type TileStore } from '../store/index.ts'
import { countSealed, newestCheckpoint } from './rows.ts'

/** One thing that was looked at. */
export interface ProofFinding {
  readonly level: 'ok' | 'warning' | 'wrong'
  readonly words: string
}

const wrong = (words: string): ProofFinding => ({ level: 'wrong', words })

/**
 * Compares how much of the log the database and its places have, without checking a signature: that is what `proof verify`
 * does. Whether entries come into the log, doctor knows from the database alone.
 * @param places of the log, where they are known
 * @returns nothing where the trail is not proved, or all agree
 * @throws a database error
 */
export async function examineLog(queries: Queries, places: readonly TileStore[]): Promise<readonly ProofFinding[]> {
  if ((await proofOrigin(queries)) === undefined) return []
  const sealed = await countSealed(queries)
  const newest = (await newestCheckpoint(queries))?.size ?? 0
  const findings: ProofFinding[] = []
  if (sealed.entries !== sealed.end || sealed.end < newest)
    findings.push(wrong('LOG_ROLLED_BACK: the database lacks entries that were sealed: `eventtrail proof verify`'))
  for (const store of places) findings.push(...(await examinePlace(store, sealed.end, newest)))
  return findings
}

async function examinePlace(store: TileStore, sealed: number, newest: number): Promise<ProofFinding[]> {
  try {
    const note = await readCheckpoint(store)
    const size = note === undefined ? 0 : parseCheckpoint(parseNote(note).text).size
    if (size > sealed)
      return [
        wrong(
          `LOG_ROLLED_BACK: ${store.address} has a log of ${size} entries, and the database ${sealed} sealed ones. After a restore of the database run \`eventtrail proof recover\``
        )
      ]
    if (size < newest)
      return [
        {
          level: 'warning',
          words: `${store.address} has a checkpoint of ${size} entries, and the newest one has ${newest}`
        }
      ]
    return []
  } catch (error) {
    return [wrong(`${store.address}: ${describeError(error)}`)]
  }
}
