import { type Versions, versions } from '../../stack/index.ts'

/**
 * The versions that are run together. Each version of Kafka, Postgres and the registry is in at least one row: they
 * never talk to each other, so what breaks with one of them breaks whatever the others are. The first row is the oldest
 * of each; the last but one is what the stack has by default, the last the newest of each.
 */
export const combinations: readonly Versions[] = [
  { kafka: '3.9.1', registry: '3.0.9', postgres: '16.14' },
  { kafka: '4.0.1', registry: '3.3.3', postgres: '17.10' },
  { kafka: '4.1.2', registry: '3.0.9', postgres: '16.14' },
  { kafka: '4.2.1', registry: '3.3.3', postgres: '17.10' },
  versions,
  { kafka: '4.4.0', registry: '3.3.3', postgres: '18.4' }
]

/** Files that touch a server in most of the ways in which it is used, and are quick enough: each row a few minutes. */
export const files: Readonly<Record<keyof Versions, readonly string[]>> = {
  kafka: [
    'kafka/conformance',
    'kafka/admin',
    'kafka/raw-fetches',
    'kafka/security/ways',
    'producers/conformance',
    'consumers/group',
    'consumers/transactions',
    'consumers/dead-letters',
    'sink/flow',
    'sink/records/compression',
    'sink/topics/changing-topics'
  ],
  registry: [
    'schemas/registry',
    'schemas/references',
    'cli/schemas',
    'sink/topics/discovery',
    'sink/topics/registry-refuses',
    'sink/records/evolution',
    'sink/records/foreign-schemas'
  ],
  postgres: [
    'trail/append-only',
    'trail/binary-copy',
    'trail/careful-insert',
    'trail/duplicates',
    'trail/event-store',
    'trail/schema-identity',
    'operations/roles',
    'postgres/migrate',
    'docs/sql'
  ]
}

/** For CI: one row, and of each list what fails first when a version differs. */
export const quickFiles: readonly string[] = [
  'kafka/conformance',
  'sink/flow',
  'sink/records/compression',
  'consumers/group',
  'schemas/registry',
  'trail/append-only',
  'trail/careful-insert',
  'postgres/migrate'
]

export const pathOf = (file: string): string => `test/integration/${file}.test.ts`
