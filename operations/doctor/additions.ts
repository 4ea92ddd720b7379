import { few } from '../../core/index.ts'
import type { Pool } from '../../postgres/index.ts'
import { type Addition, listAdditions, searchIndexState } from '../../trail/index.ts'
import { type Finding, ok, warning, wrong } from './finding.ts'

/** Names what others have put on the trail's table, by what it does to events. */
export async function examineAdditions(pool: Pool): Promise<Finding[]> {
  const additions = await listAdditions(pool)
  const those = (refuses: Addition['refuses']) =>
    additions.filter(addition => addition.refuses === refuses).map(({ what }) => what)
  const [all, some, nothing] = [those('all'), those('some'), those('nothing')]
  return [
    ...(all.length > 0
      ? [
          wrong(
            'table',
            `every event is refused by ${few(all)}: it is NOT NULL and has no default. Events wait in Kafka until it has one`
          )
        ]
      : []),
    ...(some.length > 0
      ? [
          warning(
            'table',
            `not part of the trail: ${few(some)}. What it refuses goes to quarantine as TABLE_REFUSED; where it refuses every event of a name, these wait`
          )
        ]
      : []),
    ...(nothing.length > 0 ? [ok('table', `not part of the trail, and refuses no event: ${few(nothing)}`)] : []),
    ...(additions.length === 0 ? [ok('table', 'as eventtrail made it')] : []),
    ...(await examineSearchIndexes(pool))
  ]
}

/** They are opt-in: none is no finding. */
async function examineSearchIndexes(pool: Pool): Promise<Finding[]> {
  const { begun, complete } = await searchIndexState(pool)
  if (complete) return [ok('table', 'the search indexes are on every month')]
  if (!begun) return []
  return [
    warning(
      'table',
      'the search indexes are not on every month: `eventtrail migrate --search` continues where it was stopped, `--drop-search` removes them'
    )
  ]
}
