import type { Schedule } from './schedule.ts'

const plain = {
  seed: 0,
  sinks: 2,
  partitions: 3,
  lanes: 1,
  maxRows: 1,
  fetchCount: 1,
  latencyMs: 60,
  breakerRecords: 0,
  topicIds: false,
  faults: []
}
const good = (partition: number, gap: number) => ({ kind: 'good' as const, partition, gap, of: 0 })

const unexplained = (gap: number) => ({ kind: 'unexplained' as const, partition: 0, gap, of: 0 })

/** Schedules that once failed, made small, with what was wrong. */
export const found: Readonly<Record<string, Schedule>> = {
  'a record of a topic made anew was taken for stored, because another sink had stored the old one of its offset': {
    ...plain,
    events: [good(0, 0), good(0, 189), good(2, 202), good(2, 52), good(2, 0), good(0, 0)],
    happenings: [{ at: 442, what: { kind: 'recreate', partition: 2 } }]
  },
  'two sinks with one partition, each looking for the record that fails, ended each other without end': {
    ...plain,
    seed: 66,
    partitions: 1,
    maxRows: 20,
    events: Array.from({ length: 18 }, (_, index) => (index % 2 === 0 ? good(0, 100) : unexplained(100))),
    happenings: [{ at: 4_026, what: { kind: 'pause', sink: 0, ms: 5_000 } }]
  },
  'the bytes of a record were given up when one write of its entry failed': {
    ...plain,
    sinks: 1,
    partitions: 1,
    maxRows: 20,
    latencyMs: 1,
    events: [unexplained(0)],
    faults: [{ after: 35, fault: { kind: 'error', code: 'XX000' } }],
    // Faults come until then.
    happenings: [{ at: 9_000, what: { kind: 'rebalance' } }]
  }
}
