import type { Migrations, PartGrants } from '../postgres/index.ts'

/** No one may change or remove a row of these, their owner included. */
const logTables = [
  'operator_actions',
  'operator_results',
  'operator_resumptions',
  'dead_letter_states',
  'dead_letter_plans',
  'dead_letter_plan_letters',
  'retention_holds',
  'retention_releases'
]
/** Written by the owner alone, who drops months; no one may change a row of these either. */
const ofDrops = ['retention_steps', 'retention_counts']
const views = ['operator_log', 'dead_letter_list', 'retention_open_holds', 'retention_dropped']

const disclosureEnd = 'ended_at, complete, rows, unattributed, ids_sha256, bytes, sha256'

const grants: PartGrants = {
  grants: [
    ...[...logTables, 'dead_letters'].map(on => ({ on, to: ['operator'] as const, may: 'SELECT, INSERT' })),
    {
      on: 'dead_letter_positions',
      to: ['operator'],
      may: 'SELECT, INSERT, UPDATE (topic_id, next_offset, read_at)'
    },
    ...[...logTables, 'dead_letters', 'dead_letter_positions'].map(on => ({
      on,
      to: ['reader'] as const,
      may: 'SELECT'
    })),
    ...[...ofDrops, ...views].map(on => ({ on, to: ['operator', 'reader'] as const, may: 'SELECT' })),
    // Who may read content records that it did. Auditors, who change nothing else, too.
    { on: 'disclosures', to: ['operator', 'reader'], may: `SELECT, INSERT, UPDATE (${disclosureEnd})` },
    { on: 'disclosure_subjects', to: ['operator', 'reader'], may: 'SELECT, INSERT' }
  ]
}

/** The tables of what operators do, of dead letters, of months that are kept or dropped, and of who was shown content. */
export const operationsMigrations: Migrations = {
  component: 'operations',
  access: grants,
  // Not before it is asked for: a bundle may have no import.meta.url.
  get directory() {
    return new URL('./migrations', import.meta.url)
  }
}
