import type { PartGrants } from '../postgres/index.ts'

const shown = ['sink_gaps', 'sink_resets', 'sink_duplicates', 'sink_removals']
const views = ['sink_ledger_holes', 'sink_ledger_faults', 'sink_losses', 'sink_topics', 'trail_readable']

/** Of quarantine all but key, value and headers: these may hold what no auditor needs. */
const withoutBytes =
  'number, consumer_group, topic, partition, incarnation, kafka_offset, kafka_last_offset, kafka_timestamp, code, reason, event_id, status, quarantined_at, resolved_at, resolution, purged_at, purge_reason, value_sha256, digest, first_code'

/** Columns that a claim, a halt and a start of a partition set. */
const claimed = 'next_offset, last_record_offset, last_digest, topic_id, halted, updated_at'

/**
 * Who may do what with the tables of the trail. No one may update or delete a row of the trail, and no one but the owner
 * may create or drop a partition.
 */
export const trailGrants: PartGrants = {
  // A sink puts a batch with duplicates there first, a retry from quarantine its record.
  temporary: ['writer', 'operator'],
  grants: [
    { on: 'event_envelopes', to: ['writer', 'operator'], may: 'SELECT, INSERT' },
    { on: 'event_envelopes', to: ['reader'], may: 'SELECT' },
    { on: 'event_envelopes_default', to: ['operator', 'reader'], may: 'SELECT' },
    { on: 'sink_offsets', to: ['writer'], may: `SELECT, INSERT, UPDATE (${claimed})` },
    { on: 'sink_offsets', to: ['operator'], may: `SELECT, INSERT, UPDATE (incarnation, ${claimed})` },
    { on: 'sink_offsets', to: ['reader'], may: 'SELECT' },
    {
      on: 'sink_ledger',
      to: ['writer'],
      may: 'SELECT, INSERT, UPDATE (last_offset, rows, duplicates, quarantined, skipped, lost)'
    },
    { on: 'sink_ledger', to: ['operator', 'reader'], may: 'SELECT' },
    { on: 'sink_gaps', to: ['writer'], may: 'INSERT' },
    { on: 'sink_duplicates', to: ['writer'], may: 'INSERT' },
    { on: 'sink_quarantine', to: ['writer'], may: 'INSERT' },
    {
      on: 'sink_quarantine',
      to: ['operator'],
      may: 'SELECT, UPDATE (status, resolution, resolved_at, code, first_code, reason)'
    },
    { on: 'sink_quarantine', to: ['reader'], may: `SELECT (${withoutBytes})` },
    { on: 'sink_schemas', to: ['writer', 'operator'], may: 'SELECT, INSERT' },
    { on: 'sink_schemas', to: ['reader'], may: 'SELECT' },
    { on: 'sink_forgotten', to: ['writer', 'reader'], may: 'SELECT' },
    {
      on: 'sink_forgotten',
      to: ['operator'],
      may: 'SELECT, INSERT, UPDATE (remembered_at, remembered_reason)'
    },
    // Operators register schemas.
    { on: 'field_meanings', to: ['operator'], may: 'SELECT, INSERT, UPDATE (meaning, registered_at)' },
    { on: 'field_meanings', to: ['reader'], may: 'SELECT' },
    { on: 'sink_gaps', to: ['operator'], may: 'UPDATE (accepted_at, accepted_by, acceptance)' },
    { on: 'sink_resets', to: ['operator'], may: 'INSERT' },
    // An entry that others have signed cannot be made by any of them: its signature is checked before it is sealed.
    { on: 'proof_settings', to: ['writer', 'operator', 'sealer', 'reader'], may: 'SELECT' },
    {
      on: 'proof_entries',
      to: ['writer'],
      may: 'SELECT, INSERT (writer, seq, kind, entry, open), UPDATE (entry, open, touched_at)'
    },
    { on: 'proof_entries', to: ['operator'], may: 'SELECT, INSERT (writer, seq, kind, entry, open, log_index)' },
    { on: 'proof_entries', to: ['sealer'], may: 'SELECT, UPDATE (log_index, open, rejected)' },
    // Who may read content records that it did, and signs it.
    { on: 'proof_entries', to: ['reader'], may: 'SELECT, INSERT (writer, seq, kind, entry)' },
    { on: 'proof_checkpoints', to: ['sealer'], may: 'SELECT, INSERT, UPDATE (note, places)' },
    { on: 'proof_checkpoints', to: ['operator', 'reader'], may: 'SELECT' },
    { on: 'proof_kept', to: ['operator'], may: 'SELECT, INSERT' },
    { on: 'proof_kept', to: ['reader'], may: 'SELECT' },
    { on: 'proof_words', to: ['operator'], may: 'SELECT, INSERT' },
    { on: 'proof_words', to: ['reader'], may: 'SELECT' },
    ...[...shown, ...views].map(on => ({ on, to: ['operator', 'reader'] as const, may: 'SELECT' }))
  ]
}
