import type { Alert } from './alert.ts'

const never = '0+0x120'
const once = '0+0x5 1+0x114'
const place = { place: 's3://audit/trail' }
const rejected = { code: 'SIGNATURE_INVALID' }
const left = { code: 'RECORD_LEFT_OUT' }

/** Of what seals the entries of the proof, and of what watches a sink. */
export const sealerAlerts: readonly Alert[] = [
  {
    name: 'EventtrailProofSealerAbsent',
    severity: 'warning',
    metrics: ['eventtrail_proof_entries_unsealed', 'eventtrail_sink_statements_total'],
    expr: 'absent(eventtrail_proof_entries_unsealed) and on () sum(increase(eventtrail_sink_statements_total[15m])) > 0',
    minutes: 10,
    summary: 'Sinks sign what they store, and no sealer is scraped',
    meaning:
      'The trail is proved, and its entries may be in the database alone: until they are in the log, who administers the database can remove them with their rows.',
    action:
      'Start `eventtrail proof checkpoint`, or correct the scrape configuration. Nothing is lost meanwhile: a later checkpoint covers what waits. See [sealing the log](proof.md#sealing-the-log).',
    test: {
      fires: [{ metric: 'eventtrail_sink_statements_total', values: '0+5x120' }],
      ofProcess: false,
      quiet: [
        { metric: 'eventtrail_sink_statements_total', values: '0+5x120' },
        { metric: 'eventtrail_proof_entries_unsealed', values: '2+0x120' }
      ]
    }
  },
  {
    name: 'EventtrailProofUnsealed',
    severity: 'warning',
    metrics: ['eventtrail_proof_oldest_unsealed_seconds'],
    expr: 'eventtrail_proof_oldest_unsealed_seconds > 300',
    minutes: 5,
    summary: 'Entries of the proof have been waiting for minutes to be sealed ({{ $labels.instance }})',
    meaning:
      'The sealer cannot seal: the database or the first place of the log is away, or one of them was put back (`LOG_ROLLED_BACK`).',
    action:
      'Ask its `/readyz`, which says why. Where a database was restored, see [after a restore](proof.md#after-a-restore-of-the-database); where no one has restored one, someone has put it back: keep the places of the log.',
    test: {
      fires: [{ metric: 'eventtrail_proof_oldest_unsealed_seconds', values: '301+60x120' }],
      quiet: [{ metric: 'eventtrail_proof_oldest_unsealed_seconds', values: '70+0x120' }]
    }
  },
  {
    name: 'EventtrailProofPlaceLags',
    severity: 'warning',
    metrics: ['eventtrail_proof_place_lag_seconds'],
    expr: 'eventtrail_proof_place_lag_seconds > 3600',
    minutes: 5,
    summary: '{{ $labels.place }} has lacked the newest checkpoint of the proof for an hour ({{ $labels.instance }})',
    meaning: 'A place of the log, or a witness, is away or refuses. Other places have the log.',
    action: 'The log of the sealer says what is wrong there. It catches up by itself.',
    test: {
      fires: [{ metric: 'eventtrail_proof_place_lag_seconds', labels: place, values: '3601+60x120' }],
      labels: place,
      quiet: [{ metric: 'eventtrail_proof_place_lag_seconds', labels: place, values: '300+0x120' }]
    }
  },
  {
    name: 'EventtrailProofEntryRejected',
    severity: 'critical',
    metrics: ['eventtrail_proof_rejected_total'],
    expr: 'increase(eventtrail_proof_rejected_total[1h]) > 0',
    minutes: 0,
    summary: 'Entries of the proof were rejected: {{ $labels.code }} ({{ $labels.instance }})',
    meaning:
      'Someone has written or changed an entry, or a process signs with a key that does not count. The rows that such an entry is about are not proved.',
    action:
      '`SELECT number, kind, rejected FROM proof_entries WHERE rejected IS NOT NULL`, then [what each reason means](proof.md#alarms). Keep the database as it is: these entries are evidence.',
    test: {
      fires: [{ metric: 'eventtrail_proof_rejected_total', labels: rejected, values: once }],
      labels: rejected,
      quiet: [{ metric: 'eventtrail_proof_rejected_total', labels: rejected, values: never }]
    }
  },
  {
    name: 'EventtrailProofChainBroken',
    severity: 'critical',
    metrics: ['eventtrail_proof_chains_broken_total'],
    expr: 'increase(eventtrail_proof_chains_broken_total[1h]) > 0',
    minutes: 0,
    summary: 'An entry of the proof is missing before a sealed one ({{ $labels.instance }})',
    meaning: 'An entry was deleted or changed before it was sealed. The rows that it was about have no proof.',
    action:
      'Find out who may write to `proof_entries` besides the sinks. `eventtrail proof verify` names the entry and the offsets.',
    test: {
      fires: [{ metric: 'eventtrail_proof_chains_broken_total', values: once }],
      quiet: [{ metric: 'eventtrail_proof_chains_broken_total', values: never }]
    }
  },
  {
    name: 'EventtrailProofWatchFinding',
    severity: 'critical',
    metrics: ['eventtrail_proof_watch_findings_total'],
    expr: 'increase(eventtrail_proof_watch_findings_total[1h]) > 0',
    minutes: 0,
    summary: 'A sink has not signed what Kafka has: {{ $labels.code }} ({{ $labels.instance }})',
    meaning:
      'A watch has compared the topics with what a sink has signed, and they differ, or records are in no statement. Of a sink that is stopped or lags the code is `RECORD_UNACCOUNTED`.',
    action:
      'The output of `eventtrail proof watch` has the place and the entry. [Watching a sink](proof.md#watching-a-sink) says what each code means. Copy the records before Kafka deletes them: they are the evidence.',
    test: {
      fires: [{ metric: 'eventtrail_proof_watch_findings_total', labels: left, values: once }],
      labels: left,
      quiet: [{ metric: 'eventtrail_proof_watch_findings_total', labels: left, values: never }]
    }
  }
]
