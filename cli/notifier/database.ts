import { notifierTables } from '../../consumers/notifier/index.ts'
import { type ActionCounts, type ActionRequest, act, shellOperator } from '../../operations/index.ts'
import { type Pool, requireTables } from '../../postgres/index.ts'
import { onTrail } from '../../trail/index.ts'
import type { CommandContext } from '../command.ts'
import { databaseOf } from '../connection.ts'

/** Does something with the tables of the notifier. @throws PostgresError, MigrationError */
export function onNotifierTables<Result>(
  context: CommandContext,
  work: (pool: Pool) => Promise<Result>
): Promise<Result> {
  const { migrations, tables } = notifierTables
  return onTrail(databaseOf(context.config), 'eventtrail-notifications', async pool => {
    await requireTables(pool, migrations, ...tables)
    return await work(pool)
  })
}

/**
 * The same for what changes something: it is recorded in the log of operators before it is done, and its result after.
 * @throws OperationsError `NOT_RECORDED`: nothing was done
 */
export const recordedOnNotifierTables = <Result>(
  context: CommandContext,
  request: ActionRequest,
  work: (pool: Pool) => Promise<Result>,
  counts: (result: Result) => ActionCounts = () => ({})
): Promise<Result> => onNotifierTables(context, pool => act(pool, shellOperator(), request, () => work(pool), counts))
