import { expect, test } from 'vitest'
import { type Completeness, completenessLine, isComplete } from '../../../../operations/search/index.ts'

const whole: Completeness = {
  at: new Date('2026-11-25T02:56:04Z'),
  topics: ['order.placed'],
  notCompared: [],
  kafka: { asked: true, unstored: 0, halted: 0, gone: [] },
  quarantined: { held: 0, discarded: 0 },
  gaps: { open: 0, accepted: 0 },
  faults: 0,
  droppedMonths: [],
  removed: 0,
  unknownPersons: []
}

test('an answer that misses nothing says so', () => {
  expect(isComplete(whole)).toBe(true)
  expect(completenessLine(whole)).toBe(
    'Complete as of 2026-11-25T02:56:04.000Z: all that Kafka holds of these events is stored; none is in quarantine; no gap'
  )
})

test('what retention took makes no answer incomplete, and is named', () => {
  const dropped = { ...whole, droppedMonths: ['2025-11', '2025-12'], removed: 7 }
  expect(isComplete(dropped)).toBe(true)
  expect(completenessLine(dropped)).toMatch(
    /^Complete as of .*; months that were dropped: 2025-11, 2025-12; 7 rows taken out on purpose$/
  )
})

test.each<[Partial<Completeness>, string]>([
  [
    { kafka: { asked: true, unstored: 412, halted: 2, gone: [] } },
    '412 records in Kafka not stored yet (2 partitions halted)'
  ],
  [{ kafka: { asked: true, unstored: 1, halted: 0, gone: [] } }, '1 record in Kafka not stored yet'],
  [
    { kafka: { asked: true, unstored: 0, halted: 0, gone: ['order.paid'] } },
    'no topic, or no leader, in Kafka for order.paid'
  ],
  [
    { kafka: { asked: false, why: 'no brokers are configured' } },
    'Kafka was not asked for what is not stored yet (no brokers'
  ],
  [{ notCompared: ['old.order.placed'] }, 'topics of other groups of sinks were not looked at: old.order.placed'],
  [{ quarantined: { held: 3, discarded: 0 } }, '3 records in quarantine could not be read and may belong'],
  [{ quarantined: { held: 0, discarded: 1 } }, '1 record of the quarantine, now discarded, may have belonged'],
  [{ gaps: { open: 5, accepted: 0 } }, '5 offsets removed from Kafka unread'],
  [{ gaps: { open: 5, accepted: 4 } }, '9 offsets removed from Kafka unread (4 of them in accepted gaps)'],
  [{ faults: 2 }, 'the books of the trail do not agree (2): run `eventtrail verify`'],
  [{ unknownPersons: ['order.paid'] }, 'no fields.json says which field names a person in order.paid']
])('what may be missing is named: %j', (part, words) => {
  const each = { ...whole, ...part }
  expect(isComplete(each)).toBe(false)
  expect(completenessLine(each)).toMatch(/^Not known to be complete as of 2026-11-25T02:56:04\.000Z: /)
  expect(completenessLine(each)).toContain(words)
})
