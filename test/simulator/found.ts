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

/** Schedules that once failed, made small, with what was wrong. */
export const found: Readonly<Record<string, Schedule>> = {
  'a record of a topic made anew was taken for stored, because another sink had stored the old one of its offset': {
    ...plain,
    events: [good(0, 0), good(0, 189), good(2, 202), good(2, 52), good(2, 0), good(0, 0)],
    happenings: [{ at: 442, what: { kind: 'recreate', partition: 2 } }]
  }
}
