import { type Command, Option } from 'commander'
import { deniedWords, exposedDatabase, few, isDenied, printableJson, UsageError } from '../../core/index.ts'
import { createKafkaClient } from '../../kafka/kafkajs/index.ts'
import { examine, type Finding } from '../../operations/index.ts'
import {
  createSchema,
  hiddenSchemas,
  type Migrations,
  migrate,
  migrationStatus,
  type Pool,
  PostgresError,
  roleName,
  rolePrefixShape,
  rolesOf,
  rolesScript,
  type Session
} from '../../postgres/index.ts'
import { createRegistry } from '../../schemas/index.ts'
import {
  connectSession,
  doctorSessions,
  keepMonthsAhead,
  makeMonthsSince,
  requireFitPostgres,
  sessionPool
} from '../../trail/index.ts'
import {
  type CommandContext,
  type CommandHost,
  type ExitCode,
  exitCodes,
  jsonFlag,
  saidWhileWaiting,
  wholeNumber
} from '../command.ts'
import type { Config } from '../config.ts'
import { databaseOf, registryOf } from '../connection.ts'
import { runSearchIndexes } from './search-indexes.ts'

/** What `eventtrail migrate` and `eventtrail doctor` know of all parts. */
interface OperatedParts {
  readonly migrations: readonly Migrations[]
  /** Looks at OpenSearch, where it is configured. @throws ConfigError */
  readonly searchExamination: (config: Config) => (() => Promise<readonly Omit<Finding, 'check'>[]>) | undefined
  /** Compares the log of the proof in the database with that in its places. */
  readonly logExamination: (config: Config) => (pool: Pool) => Promise<readonly Omit<Finding, 'check'>[]>
}

/** `eventtrail migrate` and `eventtrail doctor`: over every part, which the CLI hands in. */
export function operateCommands(program: Command, host: CommandHost, parts: OperatedParts): void {
  const { migrations } = parts
  host
    .connect(program.command('migrate'), 'databaseUrl')
    .description('create or update the tables in Postgres; safe to run at any time, also concurrently')
    .option('--with <parts>', `also create the tables of optional parts: ${optionalParts(migrations).join(',')}`, list)
    .option(
      '--only <parts>',
      `create or update the tables of these parts alone, for the database of a service: ${optionalParts(migrations).join(',')}`,
      list
    )
    .option('--from-month <month>', 'also create the partitions from this month on, such as 2013-02, for older events')
    .option(
      '--months-ahead <n>',
      'how many months after this one get a partition (default: 3)',
      wholeNumber(0, mostMonthsAhead)
    )
    .option('--search', 'also build the indexes that answer `eventtrail trail find`, month by month while sinks write')
    .addOption(new Option('--drop-search', 'remove these indexes').conflicts('search'))
    .option(
      '--roles [prefix]',
      `also create the database roles <prefix>_writer, _operator, _reader …, and give them their rights (default prefix: "${defaultRolePrefix}")`
    )
    .option('--print', 'print the script of --roles, for someone else to run, and do nothing else')
    .addHelpText('after', '\nExisting tables of optional parts are updated without --with.')
    .action(host.action((context, flags: MigrateFlags) => runMigrate(context, migrations, flags)))

  host
    .connect(program.command('doctor'), 'brokers', 'registryUrl', 'databaseUrl', 'openSearchUrl', 'topicPrefix')
    .description(
      'check Kafka, registry, Postgres, migrations, topics, the trail and OpenSearch where it is used; exits 1 with findings'
    )
    .option('--group <name>', 'consumer group of the sinks, without the prefix (default: "sink")')
    .option(...jsonFlag)
    .action(host.action((context, flags: DoctorFlags) => runDoctor(context, parts, flags)))
}

const defaultRolePrefix = 'eventtrail'
/** Ten years: each is a table. */
const mostMonthsAhead = 120

interface MigrateFlags {
  readonly with?: readonly string[]
  readonly only?: readonly string[]
  readonly fromMonth?: string
  readonly monthsAhead?: number
  readonly search?: boolean
  readonly dropSearch?: boolean
  /** True where no prefix was given. */
  readonly roles?: string | true
  readonly print?: boolean
}

const list = (text: string): readonly string[] => text.split(',').map(part => part.trim())

const optionalParts = (migrations: readonly Migrations[]): readonly string[] =>
  migrations.filter(({ optional }) => optional).map(({ component }) => component)

async function runMigrate(
  context: CommandContext,
  all: readonly Migrations[],
  { with: further = [], only, fromMonth, monthsAhead, search, dropSearch, roles, print }: MigrateFlags
): Promise<ExitCode> {
  const parts = optionalParts(all)
  const wanted = only ?? further
  const unknown = wanted.find(part => !parts.includes(part))
  if (unknown !== undefined)
    throw new UsageError(`${only ? '--only' : '--with'}: there is no part ${unknown}; expected ${parts.join(' or ')}`)
  const ofTrail = [fromMonth, monthsAhead, search, dropSearch].some(flag => flag !== undefined)
  if (only && (further.length > 0 || ofTrail))
    throw new UsageError(
      '--only leaves the trail out: do without --with, --from-month, --months-ahead, --search and --drop-search'
    )
  const migrations = only ? all.filter(({ component }) => only.includes(component)) : all
  const since = fromMonth === undefined ? undefined : monthOf(fromMonth)
  const prefix = roles === true ? defaultRolePrefix : roles
  if (prefix !== undefined && !rolePrefixShape.test(prefix))
    throw new UsageError(`--roles: expected a prefix of lower-case letters, digits and _, got ${prefix}`)
  if (print) return printRoles(context, migrations, prefix, wanted)
  const database = databaseOf(context.config)
  const sessions = { applicationName: 'eventtrail-migrate' }
  const pool = sessionPool(database, sessions)
  try {
    await requireFitPostgres(pool, sessions)
    const client = await connectSession(database, { ...sessions, lockTimeoutMs: 60_000 })
    const present: Migrations[] = []
    try {
      if (database.schema !== undefined) await createSchema(client, database.schema)
      const elsewhere = await hiddenSchemas(client)
      const { rows } = await client.query<{ schema: string }>('SELECT current_schema() AS schema')
      if (elsewhere.length > 0)
        context.say(
          `eventtrail migrate: the schema ${elsewhere.join(', ')} has tables of eventtrail. By its search_path this session creates others, in ${rows[0]?.schema}`
        )
      for (const each of migrations) {
        if (each.optional && !wanted.includes(each.component)) {
          const { applied } = await migrationStatus(client, each)
          if (applied === 0) continue
        }
        const done = await migrate(client, each)
        present.push(each)
        context.out(`${each.component}: ${done.length > 0 ? `applied ${done.join(', ')}` : 'up to date'}`)
      }
      if (prefix !== undefined) await giveRights(context, client, present, prefix)
    } finally {
      await client.end()
    }
    if (only) return exitCodes.ok
    const now = new Date()
    const made = [
      ...(since ? await makeMonthsSince(pool, since, now) : []),
      ...(await keepMonthsAhead(pool, now, monthsAhead))
    ]
    context.out(`partitions: ${made.length > 0 ? `made ${made.join(', ')}` : 'ahead'}`)
    if (search || dropSearch) return await runSearchIndexes(context, pool, dropSearch === true)
  } catch (error) {
    if (!isDenied(error)) throw error
    throw new PostgresError(
      'POSTGRES_DENIED',
      `${deniedWords(error)}: migrate needs a role that owns the tables, and may create others in their schema`,
      error
    )
  } finally {
    await pool.end()
  }
  return exitCodes.ok
}

function printRoles(
  context: CommandContext,
  migrations: readonly Migrations[],
  prefix: string | undefined,
  wanted: readonly string[]
): ExitCode {
  if (prefix === undefined) throw new UsageError('--print prints the script of --roles: give both')
  const parts = migrations.filter(({ optional, component }) => !optional || wanted.includes(component))
  for (const line of rolesScript(accessOf(parts), prefix, context.config.get('databaseSchema')).trimEnd().split('\n'))
    context.out(line)
  return exitCodes.ok
}

const accessOf = (migrations: readonly Migrations[]) => migrations.map(({ access }) => access)

async function giveRights(
  context: CommandContext,
  client: Session,
  migrations: readonly Migrations[],
  prefix: string
): Promise<void> {
  const parts = accessOf(migrations)
  try {
    await client.query(rolesScript(parts, prefix))
  } catch (error) {
    await client.query('ROLLBACK')
    if (!isDenied(error)) throw error
    throw new PostgresError(
      'POSTGRES_DENIED',
      `${deniedWords(error)}: creating roles needs CREATEROLE, and giving rights the owner of tables, schema and database. \`eventtrail migrate --roles ${prefix} --print\` prints the script for someone who has both`,
      error
    )
  }
  context.out(`roles: ${few(rolesOf(parts).map(role => roleName(prefix, role)))} have their rights`)
}

interface DoctorFlags {
  readonly group?: string
  readonly json?: boolean
}

async function runDoctor(
  context: CommandContext,
  { migrations, searchExamination, logExamination }: OperatedParts,
  { group, json }: DoctorFlags
): Promise<ExitCode> {
  const { config, log } = context
  const brokers = config.require('brokers')
  // What is configured wrongly is no finding about a server, so it is read before any is asked.
  const { security } = config
  const registry = registryOf(config)
  const database = databaseOf(config)
  const examineSearch = searchExamination(config)
  const examineLog = logExamination(config)
  const pool = sessionPool(database, doctorSessions)
  try {
    const findings = await saidWhileWaiting(
      context,
      'waiting for the servers to answer',
      examine({
        brokers,
        connectKafka: () => createKafkaClient({ brokers, security, log }).connectAdmin(),
        registry: createRegistry({ ...registry, log }),
        pool,
        exposed: exposedDatabase(database.url),
        migrations,
        topicPrefix: config.get('topicPrefix'),
        group
      })
    )
    const hasTables = !findings.some(
      ({ check, level }) => level === 'wrong' && ['database', 'migrations'].includes(check)
    )
    for (const { level, words } of hasTables ? await examineLog(pool) : [])
      findings.push({ check: 'proof', level, words })
    for (const { level, words } of (await examineSearch?.()) ?? []) findings.push({ check: 'opensearch', level, words })
    const marks = { ok: 'ok     ', warning: 'warning', wrong: 'WRONG  ' }
    for (const { check, level, words } of findings) {
      context.out(json ? printableJson({ check, level, words }) : `${marks[level]}  ${check.padEnd(11)} ${words}`)
    }
    return findings.some(({ level }) => level === 'wrong') ? exitCodes.notOk : exitCodes.ok
  } finally {
    await pool.end()
  }
}

function monthOf(text: string): Date {
  if (!/^(19[7-9]\d|20\d\d)-(0[1-9]|1[0-2])$/.test(text))
    throw new UsageError(`Expected a month from 1970-01 to 2099-12, such as 2013-02, got ${text}`)
  return new Date(`${text}-01T00:00:00Z`)
}
