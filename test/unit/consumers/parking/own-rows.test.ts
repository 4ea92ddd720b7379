import { expect, test } from 'vitest'
import { OwnRows } from '../../../../consumers/dead-letters/parking/own-rows.ts'
import {
  encodeRow,
  type ParkedRow,
  parkedRow,
  type RowVersion,
  rowKeys
} from '../../../../consumers/dead-letters/parking/rows.ts'
import { eraOf, versionOf } from '../../../../consumers/dead-letters/parking/versions.ts'
import { type Clock, machineClock, silentLogger } from '../../../../core/index.ts'
import { TableLog, TableView } from './table-view.ts'

const topic = 'orders'
const key = Buffer.from('one')
const names = rowKeys(topic, key)
const hour = 3_600_000
const place = { topic, partition: 0 }

const rowOf = (version: RowVersion, more: Partial<ParkedRow> = {}): ParkedRow => ({
  ...{ version, id: 'a time of being parked', topic, partition: 0, key: key.toString('base64') },
  ...{ since: '2026-11-27T10:00:00.000Z', lastOffset: 7 },
  ...more
})

/** A member that has joined in `generation` and read the table. */
async function member(log: TableLog, generation: number, confirmedAgoMs = 0) {
  let now = 1_795_000_000_000
  const clock: Clock = { ...machineClock, now: () => now }
  const table = new TableView(log)
  const own = new OwnRows({ table, confirmedAgoMs: () => confirmedAgoMs, log: silentLogger, clock })
  own.assigned([place], generation)
  await table.refresh()
  const { era } = eraOf(table.entries().values(), generation)
  own.take(era)
  const pass = (ms: number) => {
    now += ms
  }
  /** What it has begun to write is in the table. */
  const settled = async () => {
    await clock.turn()
    await table.refresh()
  }
  return { own, table, pass, settled, now: () => now }
}

const encoded = (...versions: RowVersion[]) => versions.map(version => encodeRow(rowOf(version)))

test('generations that have begun again are a further era, so that what is written then counts', () => {
  expect(eraOf([], 1)).toEqual({ era: 0, isNew: false })
  expect(eraOf(encoded([0, 4, 9], [0, 5, 1]), 5)).toEqual({ era: 0, isNew: false })
  expect(eraOf(encoded([0, 4, 9], [0, 5, 1]), 6)).toEqual({ era: 0, isNew: false })
  // The group was deleted in Kafka.
  expect(eraOf(encoded([0, 40, 9]), 1)).toEqual({ era: 1, isNew: true })
  expect(eraOf(encoded([0, 40, 9], [1, 3, 1]), 3)).toEqual({ era: 1, isNew: false })
  expect(eraOf(encoded([1, 3, 1], [0, 40, 9]), 2)).toEqual({ era: 2, isNew: true })
})

test('what a member writes after the group was deleted counts more than what was written before', async () => {
  const log = new TableLog()
  await log.send({ key: names.parked, value: encodeRow(rowOf([0, 40, 9])) })
  const { own, table } = await member(log, 1)
  const released = own.versioned<ParkedRow>(rowOf([0, 0, 0], { released: 1 }))
  await table.put(names.parked, encodeRow(released))
  await table.refresh()
  expect(released.version).toEqual([1, 1, 1])
  expect(parkedRow(table.get(names.parked))).toBeUndefined()
})

test('the row of a released aggregate is kept for an hour, and removed then', async () => {
  const log = new TableLog()
  const { own, table, pass, settled, now } = await member(log, 3)
  const release = async (released: number) => {
    const row = own.versioned<ParkedRow>(rowOf([0, 0, 0], { released }))
    await table.put(names.parked, encodeRow(row))
    own.wrote(names.parked, row)
    await table.refresh()
  }
  await release(now())
  expect(table.get(names.parked)).toBeDefined()
  pass(hour - 1)
  own.take(0)
  await settled()
  expect(table.get(names.parked)).toBeDefined()
  pass(2)
  own.take(0)
  await settled()
  expect(table.get(names.parked)).toBeUndefined()
})

test('the row of an aggregate that is parked again is not removed, however old its release is', async () => {
  const log = new TableLog()
  const { own, table, pass, settled, now } = await member(log, 3)
  const put = async (more: Partial<ParkedRow>) => {
    const row = own.versioned<ParkedRow>(rowOf([0, 0, 0], more))
    await table.put(names.parked, encodeRow(row))
    own.wrote(names.parked, row)
    await table.refresh()
  }
  await put({ released: now() })
  await put({ id: 'another time' })
  pass(2 * hour)
  own.take(0)
  await settled()
  expect(parkedRow(table.get(names.parked))).toMatchObject({ id: 'another time' })
  // Nor by the tombstone of another member.
  await table.delete(names.parked)
  await table.refresh()
  expect(parkedRow(table.get(names.parked))).toMatchObject({ id: 'another time' })
})

test('a row of the member before, stored late, is written over', async () => {
  const log = new TableLog()
  const { own, table, settled } = await member(log, 5)
  const row = own.versioned<ParkedRow>(rowOf([0, 0, 0]))
  await table.put(names.parked, encodeRow(row))
  own.wrote(names.parked, row)
  // It does not count, but compaction would keep it alone.
  await log.send({ key: names.parked, value: encodeRow(rowOf([0, 4, 12], { released: 1 })) })
  await table.refresh()
  expect(versionOf(table.get(names.parked))).toEqual([0, 5, 1])
  expect(table.outdated.has(names.parked)).toBe(true)
  own.correct(names)
  await settled()
  expect(table.outdated.has(names.parked)).toBe(false)
  expect(versionOf(log.rows.at(-1)?.value)).toEqual([0, 5, 1])
})

test('a member of which the group may have parted writes over nothing', async () => {
  const log = new TableLog()
  const { own, settled } = await member(log, 5, Number.POSITIVE_INFINITY)
  own.wrote(names.parked, rowOf([0, 5, 1]))
  own.correct(names)
  await settled()
  expect(log.rows).toEqual([])
})
