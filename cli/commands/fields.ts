import { counted, describeError, EventtrailError } from '../../core/index.ts'
import { PostgresError } from '../../postgres/index.ts'
import type { FieldMeaning } from '../../schemas/index.ts'
import { onTrail, storeFieldMeanings } from '../../trail/index.ts'
import type { CommandContext } from '../command.ts'
import { databaseOf } from '../connection.ts'

const again = 'run `eventtrail schemas register` again'

/**
 * Stores in the trail what the fields of the registered events mean, and says what became of it. Schemas and topics are
 * of use without it, so that a database that is not there yet ends nothing.
 * @returns false where a database that should take them did not
 */
export async function storeFields(
  { config, say }: CommandContext,
  fields: ReadonlyMap<string, readonly FieldMeaning[]>
): Promise<boolean> {
  if (fields.size === 0) return true
  const files = `fields.json of ${counted(fields.size, 'event')}`
  if (config.get('databaseUrl') === undefined) {
    say(
      `${files} not stored, so \`eventtrail trail find --person\` does not know them: set DATABASE_URL or --database, then ${again}`
    )
    return true
  }
  try {
    const changed = await onTrail(databaseOf(config), 'eventtrail-register', pool => storeFieldMeanings(pool, fields))
    say(
      `${files} ${changed > 0 ? `stored in the trail, ${counted(changed, 'field')} changed` : 'in the trail already'}`
    )
    return true
  } catch (error) {
    if (!(error instanceof EventtrailError)) throw error
    const isLater = error instanceof PostgresError && error.code === 'TABLES_MISSING'
    say(`${files} not stored: ${describeError(error)}. Then ${again}`)
    return isLater
  }
}
