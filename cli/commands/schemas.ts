import { readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Command } from 'commander'
import { ConfigError, counted, describeError, printableJson, table, UsageError } from '../../core/index.ts'
import type { TopicSpec } from '../../kafka/index.ts'
import {
  catalogueOf,
  checkAgainstRegistry,
  createRegistry,
  generateTypes,
  logicalWarnings,
  namespaceOf,
  parseSchema,
  portabilityWarnings,
  type Registration,
  type Registry,
  RegistryError,
  readerFaults,
  registerCatalogue,
  SchemaError,
  typeInWords,
  unknownAttributes
} from '../../schemas/index.ts'
import { type CommandContext, type CommandHost, type ExitCode, exitCodes, jsonFlag } from '../command.ts'
import type { Config } from '../config.ts'
import { registryOf } from '../connection.ts'
import { makeFolder } from '../folder.ts'
import {
  addCatalogueFlags,
  configuredCatalogue,
  configuredFields,
  type FolderFlags,
  inspectCatalogue
} from './catalogue.ts'
import { storeFields } from './fields.ts'

/** Makes the topics that do not exist and returns their names. Given by the CLI: schemas do not know Kafka. */
export type MakeTopics = (plans: readonly TopicSpec[], context: CommandContext) => Promise<readonly string[]>

interface ListedFlags extends FolderFlags {
  readonly json?: boolean
}
interface CheckOptions extends ListedFlags {
  readonly againstRegistry?: boolean
}
interface GenerateCommandOptions extends FolderFlags {
  readonly out: string
  readonly import?: string
  readonly check?: boolean
}

/** Adds `schemas register|check|list|generate`. */
export function schemaCommands(program: Command, host: CommandHost, makeTopics: MakeTopics): void {
  const schemas = program
    .command('schemas')
    .description('list, check and register the schemas of events, and generate types')
  host
    .connect(
      addCatalogueFlags(
        schemas.command('register').description('register every version of every event, and create the topics'),
        { from: true }
      ).option(...jsonFlag),
      'schemasDir',
      'registryUrl',
      'brokers',
      'databaseUrl',
      'topicPrefix'
    )
    .action(host.action((context, options: ListedFlags) => register(context, makeTopics, options)))
  host
    .connect(
      addCatalogueFlags(
        schemas
          .command('check')
          .description('check schemas, also that every version can be read with every other; exits 1 with findings'),
        { from: true }
      )
        .option('--against-registry', 'also check against the versions in the registry')
        .option(...jsonFlag),
      'schemasDir',
      'registryUrl',
      'topicPrefix'
    )
    .action(host.action(check))
  host
    .connect(
      addCatalogueFlags(schemas.command('list').description('show the events and their fields'), {
        from: true
      }).option(...jsonFlag),
      'schemasDir'
    )
    .action(host.action(list))
  host
    .connect(
      addCatalogueFlags(schemas.command('generate').description('write the TypeScript types of a folder of schemas'), {
        from: true
      })
        .requiredOption('--out <file>', 'TypeScript file to write')
        .option('--import <module>', 'where the file imports catalogueOf from', 'eventtrail/schemas')
        .option('--check', 'write nothing; exit 1 when the file is not up to date'),
      'schemasDir'
    )
    .action(host.action(generate))
}

const openRegistry = ({ config, log }: CommandContext): Registry => createRegistry({ ...registryOf(config), log })

async function register(context: CommandContext, makeTopics: MakeTopics, flags: ListedFlags): Promise<ExitCode> {
  const { config, out, say } = context
  const prefix = config.get('topicPrefix')
  const catalogue = await configuredCatalogue(config, flags, flags.from)
  const registry = openRegistry(context)
  config.require('brokers')
  requireWritableTopics(config)
  const done: Registration[] = []
  let refusal: unknown
  try {
    for await (const each of registerCatalogue(catalogue, registry, prefix, foreign => say(`warning: ${foreign}`)))
      done.push(each)
  } catch (error) {
    if (!isRefusal(error, done.length > 0)) throw error
    refusal = error
  }
  const plans = topicPlans([...new Set(done.map(({ eventName }) => eventName))], config)
  const made = new Set(await makeTopics(plans, context))
  const lines = flags.json ? registrationObjects(done, prefix, made) : registrationTable(done, prefix, made)
  if (done.length > 0) for (const line of lines) out(line)
  const renumbered = done.filter(({ version, registeredVersion }) => version !== registeredVersion)
  for (const { eventName, version, registeredVersion } of renumbered)
    say(
      `${eventName}: version ${version} of the catalogue is number ${registeredVersion} in the registry; events are stored with that number`
    )
  if (refusal) say(describeError(refusal))
  const registered = new Set(done.map(({ eventName }) => eventName))
  const fields = [...(await configuredFields(config, flags))].filter(([eventName]) => registered.has(eventName))
  const isStored = await storeFields(context, new Map(fields))
  return refusal || !isStored ? exitCodes.notOk : exitCodes.ok
}

/** What is reported after the list of what was done. */
function isRefusal(error: unknown, isPartDone: boolean): boolean {
  if (error instanceof SchemaError) return error.code === 'VERSION_TAKEN'
  if (!(error instanceof RegistryError)) return false
  return error.code === 'REGISTRY_REFUSED' || (error.code === 'REGISTRY_FORBIDDEN' && isPartDone)
}

function registrationTable(done: readonly Registration[], prefix: string, made: ReadonlySet<string>): string[] {
  const rows = done.map(({ eventName, version, id, state }) => {
    const topic = prefix + eventName
    return [eventName, String(version), String(id), state, topic, made.has(topic) ? 'made' : 'there already']
  })
  return table([['EVENT', 'VERSION', 'SCHEMA ID', 'SCHEMA', 'TOPIC', ''], ...rows])
}

const registrationObjects = (done: readonly Registration[], prefix: string, made: ReadonlySet<string>): string[] =>
  done.map(({ eventName, version, registeredVersion, id, state }) => {
    const topic = prefix + eventName
    return printableJson({ eventName, version, registeredVersion, id, state, topic, topicMade: made.has(topic) })
  })

/** Before anything is registered. @throws ConfigError `CONFIG_INVALID` */
function requireWritableTopics(config: Config): void {
  const [least = 1, replicas] = [config.get('minInsyncReplicas'), config.get('replicationFactor')]
  if (least === 1) return
  if (replicas === undefined)
    throw new ConfigError(
      'CONFIG_INVALID',
      'TOPIC_MIN_INSYNC_REPLICAS is set and TOPIC_REPLICATION_FACTOR is not: set both, or neither to have what the brokers have by default'
    )
  if (least > replicas)
    throw new ConfigError(
      'CONFIG_INVALID',
      'TOPIC_MIN_INSYNC_REPLICAS is more than TOPIC_REPLICATION_FACTOR: nothing could be published to such a topic'
    )
}

/** As the replication factor of a topic: the brokers' own default. */
const ofBrokers = -1

function topicPlans(eventNames: readonly string[], config: Config): TopicSpec[] {
  const least = config.get('minInsyncReplicas')
  return eventNames.map(eventName => ({
    topic: config.get('topicPrefix') + eventName,
    partitions: config.get('partitions'),
    replicationFactor: config.get('replicationFactor') ?? ofBrokers,
    config: {
      'cleanup.policy': 'delete',
      ...(least !== undefined && { 'min.insync.replicas': String(least) }),
      'retention.ms': String(config.get('retentionMs'))
    }
  }))
}

async function check(context: CommandContext, options: CheckOptions): Promise<ExitCode> {
  const { config, out, say } = context
  const { data, problems } = await inspectCatalogue(config, options)
  const faults = problems.map(({ file, message }) => `${file}: ${message}`)
  const catalogue = catalogueOf(data)
  if (faults.length === 0) faults.push(...catalogue.eventNames.flatMap(name => readerFaults(catalogue.versions(name))))
  const compared = options.againstRegistry
    ? await checkAgainstRegistry(catalogue, openRegistry(context), config.get('topicPrefix'))
    : { faults: [], unregistered: [] }
  faults.push(...compared.faults)
  const print = (level: string, words: string) => out(options.json ? printableJson({ level, words }) : words)
  for (const fault of new Set(faults)) print('wrong', fault)
  if (faults.length > 0) return exitCodes.notOk
  for (const name of catalogue.eventNames) {
    const versions = catalogue.versions(name)
    const warnings = [
      ...versions.flatMap(unknownAttributes),
      ...versions.flatMap(logicalWarnings),
      ...(await portabilityWarnings(versions))
    ]
    for (const warning of warnings) options.json ? print('warning', warning) : say(`warning: ${warning}`)
  }
  const count = catalogue.eventNames.reduce((sum, name) => sum + catalogue.versions(name).length, 0)
  for (const version of compared.unregistered) print('notice', `${version} is not registered yet`)
  print(
    'ok',
    `${counted(catalogue.eventNames.length, 'event')} in ${counted(count, 'version')}: every version can read the events of every other`
  )
  return exitCodes.ok
}

async function list({ config, out }: CommandContext, options: ListedFlags): Promise<ExitCode> {
  const catalogue = await configuredCatalogue(config, options, options.from)
  const events = catalogue.eventNames.map(eventName => {
    const { version, payload } = catalogue.version(eventName)
    const node = parseSchema(payload, namespaceOf(eventName))
    return { eventName, version, fields: node.kind === 'record' ? node.fields : [] }
  })
  if (options.json) {
    for (const { eventName, version, fields } of events) {
      const shown = fields.map(({ name, type, fallback, doc }) => {
        return { name, type: typeInWords(type), ...(fallback && { default: fallback.json }), ...(doc && { doc }) }
      })
      out(printableJson({ eventName, version, fields: shown }))
    }
    return exitCodes.ok
  }
  const rows = events.flatMap(({ eventName, version, fields }) =>
    fields.map(({ name, type, fallback, doc = '' }, index) => [
      index === 0 ? eventName : '',
      index === 0 ? String(version) : '',
      name,
      typeInWords(type),
      fallback ? JSON.stringify(fallback.json) : '',
      doc
    ])
  )
  for (const line of table([['EVENT', 'VERSION', 'FIELD', 'TYPE', 'DEFAULT', ''], ...rows])) out(line)
  return exitCodes.ok
}

async function generate({ config, out, say }: CommandContext, options: GenerateCommandOptions): Promise<ExitCode> {
  const catalogue = await configuredCatalogue(config, options, options.from)
  const text = generateTypes(catalogue, { ...(options.import && { importFrom: options.import }) })
  if (options.check) {
    if ((await readFile(options.out, 'utf8').catch(() => undefined)) === text) return exitCodes.ok
    say(`${options.out} is not up to date: run \`eventtrail schemas generate\` again, without --check`)
    return exitCodes.notOk
  }
  try {
    makeFolder(dirname(options.out))
    await writeFile(options.out, text)
  } catch (error) {
    throw new UsageError(`${options.out} cannot be written: ${(error as Error).message}`)
  }
  out(`${options.out}: types of ${catalogue.eventNames.join(', ')}`)
  return exitCodes.ok
}
