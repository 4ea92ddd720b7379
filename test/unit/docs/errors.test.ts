import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { archiveErrorCodes } from '../../../archive/index.ts'
import { auditErrorCodes } from '../../../audit/index.ts'
import { mappingErrorCodes } from '../../../cli/mappings/errors.ts'
import { consumerErrorCodes, handlerErrorCodes, inboxErrorCodes } from '../../../consumers/index.ts'
import { searchErrorCodes } from '../../../consumers/indexer/index.ts'
import { notifierErrorCodes } from '../../../consumers/notifier/index.ts'
import { testGroupErrorCodes } from '../../../consumers/testing/index.ts'
import { configErrorCodes, type ErrorCodes, optionsErrorCodes, usageErrorCodes } from '../../../core/index.ts'
import { cloneRoot } from '../../../dev/tools/folders.ts'
import { kafkaErrorCodes, sendErrorCodes } from '../../../kafka/index.ts'
import { operationsErrorCodes } from '../../../operations/index.ts'
import { migrationErrorCodes, postgresErrorCodes } from '../../../postgres/index.ts'
import { publishAllErrorCodes, publishErrorCodes } from '../../../producers/index.ts'
import { proofErrorCodes } from '../../../proof/index.ts'
import { registryErrorCodes, schemaErrorCodes } from '../../../schemas/index.ts'
import { sinkErrorCodes } from '../../../sink/index.ts'
import { trailErrorCodes } from '../../../trail/index.ts'
import { expectGenerated } from '../../support/project/docs.ts'
import { rooms, sourceFiles } from '../../support/project/sources.ts'

/** Every class with the codes it has, in the order of the page. */
const classes: Readonly<Record<string, ErrorCodes>> = {
  OptionsError: optionsErrorCodes,
  PublishError: publishErrorCodes,
  BusError: publishErrorCodes,
  PublishAllError: publishAllErrorCodes,
  ConsumerError: consumerErrorCodes,
  RetryLater: { RETRY_LATER: handlerErrorCodes.RETRY_LATER },
  RejectMessage: { REJECTED: handlerErrorCodes.REJECTED },
  InboxError: inboxErrorCodes,
  SearchError: searchErrorCodes,
  TestGroupError: testGroupErrorCodes,
  NotifierError: notifierErrorCodes,
  SinkError: sinkErrorCodes,
  TrailError: trailErrorCodes,
  OperationsError: operationsErrorCodes,
  ProofError: proofErrorCodes,
  AuditError: auditErrorCodes,
  ArchiveError: archiveErrorCodes,
  PostgresError: postgresErrorCodes,
  MigrationError: migrationErrorCodes,
  KafkaError: kafkaErrorCodes,
  SendError: sendErrorCodes,
  RegistryError: registryErrorCodes,
  SchemaError: schemaErrorCodes,
  ConfigError: configErrorCodes,
  UsageError: usageErrorCodes,
  MappingError: mappingErrorCodes
}

/** Seen by handlers' logs and as causes, or by people who run commands. */
const notExported = [
  'OperationsError',
  'ProofError',
  'AuditError',
  'ArchiveError',
  'SendError',
  'UsageError',
  'MappingError'
]

const files = sourceFiles(rooms)
const sources = files.map(file => readFileSync(join(cloneRoot, file), 'utf8'))

/** Entry points of the package by the class of error that they export. */
async function exporters(): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>()
  for (const file of readdirSync(join(cloneRoot, 'api')).sort()) {
    const names = Object.keys((await import(join(cloneRoot, 'api', file))) as object)
    const entry = file === 'index.ts' ? 'eventtrail' : `/${file.replace('.ts', '')}`
    for (const name of names.filter(name => name in classes)) found.set(name, [...(found.get(name) ?? []), entry])
  }
  return found
}

const start = '<!-- errors: made from the classes of the code -->\n'
const end = '<!-- end of errors -->'

test('the tables of errors are those of the code (UPDATE_DOCS=1 npm test -- --unit test/unit/docs writes them)', async () => {
  const exported = await exporters()
  const sections = Object.entries(classes).map(([name, codes]) => {
    const from = exported.get(name) ?? []
    const where = from.length > 0 ? `Exported from ${from.map(entry => `\`${entry}\``).join(', ')}.` : 'Not exported.'
    const rows = Object.entries(codes).map(
      ([code, { retryable, misconfigured, meaning }]) =>
        `| \`${code}\` | ${retryable ? 'yes' : ''} | ${misconfigured ? 'yes' : ''} | ${meaning.replaceAll('|', '\\|')} |`
    )
    const table = ['| code | retryable | misconfigured | what it means, what to do |', '|---|---|---|---|', ...rows]
    return `### ${name}\n\n${where}\n\n${table.join('\n')}\n`
  })
  const made = `\n${sections.join('\n')}\n`
  expectGenerated('docs/errors.md', start, end, made)
})

test('every class of error is on the page', () => {
  const derived = sources.flatMap(source =>
    [...source.matchAll(/^export class (\w+) extends (?:EventtrailError|PublishError)\b/gm)].map(
      ([, name = '']) => name
    )
  )
  expect(derived.sort()).toEqual(Object.keys(classes).sort())
})

test('what an entry point can throw can be imported from there', async () => {
  const exported = await exporters()
  expect(Object.keys(classes).filter(name => !exported.has(name))).toEqual(notExported)
  const of = (entry: string) => [...exported].filter(([, entries]) => entries.includes(entry)).map(([name]) => name)
  expect(of('/producer').sort()).toEqual([
    'ConfigError',
    'KafkaError',
    'OptionsError',
    'PublishAllError',
    'PublishError',
    'RegistryError'
  ])
  expect(of('/bus').sort()).toEqual(['BusError', 'OptionsError', 'PublishAllError', 'PublishError'])
  expect(of('/consumer').sort()).toEqual([
    'ConfigError',
    'ConsumerError',
    'InboxError',
    'KafkaError',
    'OptionsError',
    'RegistryError',
    'RejectMessage',
    'RetryLater',
    'SchemaError'
  ])
  expect(of('/sink').sort()).toEqual([
    'ConfigError',
    'KafkaError',
    'MigrationError',
    'OptionsError',
    'PostgresError',
    'RegistryError',
    'SinkError',
    'TrailError'
  ])
})

test('every code that is thrown is a code of its class, and every code is thrown or passed on somewhere', () => {
  const all = sources.join('\n')
  const unused = Object.values(classes)
    .flatMap(codes => Object.keys(codes))
    .filter(code => (all.match(new RegExp(`\\b${code}\\b`, 'g')) ?? []).length < 2)
  expect(unused).toEqual([])
})
