import { expect, test } from 'vitest'
import { Parking } from '../../../../consumers/dead-letters/parking/parking.ts'
import { machineClock, silentLogger } from '../../../../core/index.ts'
import { TableLog, TableView } from './table-view.ts'
import { source } from './world.ts'

const parkingOf = (log: TableLog, generation: number, isMember = () => true) => {
  const table = new TableView(log)
  const stopping = new AbortController()
  const confirmedAgoMs = () => (isMember() ? 0 : Number.POSITIVE_INFINITY)
  const options = { table, stopping: stopping.signal, confirmedAgoMs, log: silentLogger, clock: machineClock }
  const parking = new Parking(options)
  parking.assigned([source], generation)
  return { parking, table }
}
const message = (offset: number, key = 'a') => ({ record: { key: Buffer.from(key), offset }, source })

test('a member that has lost a partition and does not know it releases nothing', async () => {
  const log = new TableLog()
  let isSuspended = false
  const before = parkingOf(log, 1, () => !isSuspended)
  await before.parking.begin(message(0))
  await before.parking.beforeLetter(message(0), 'handle')
  before.parking.end(message(0))
  isSuspended = true
  const after = parkingOf(log, 2)
  expect(await after.parking.begin(message(1))).toBe('park')
  await after.parking.beforeLetter(message(1), 'park')
  after.parking.end(message(1))
  // It has not read that another event was parked.
  const redriven = { origin: { ...source, offset: 0 }, action: '1', end: 0, firstFailure: undefined }
  const third = parkingOf(log, 2)
  third.parking.assigned([], 2)
  await third.parking.drained({
    record: { key: Buffer.from('a'), offset: 5 },
    source: { topic: 'r', partition: 0 },
    redriven
  })
  before.table.pull()
  await before.table.delete([...after.table.entries().keys()].find(key => key.startsWith('parked/')) as string)
  after.table.pull()
  await machineClock.turn()
  expect(after.parking.size).toBe(1)
  expect(await after.parking.begin(message(2))).toBe('park')
  // The table is put right.
  before.table.pull()
  expect([...before.table.entries().keys()].some(key => key.startsWith('parked/'))).toBe(true)
})

test('a partition that is lost while an event is being parked, and comes back, has its aggregate parked', async () => {
  const { parking } = parkingOf(new TableLog(), 1)
  await parking.begin(message(0))
  await parking.beforeLetter(message(0), 'handle')
  parking.end(message(0))
  expect(await parking.begin(message(1))).toBe('park')
  parking.assigned([], 2)
  parking.assigned([source], 3)
  // Reads the table first.
  expect(await parking.begin(message(1, 'b'))).toBe('handle')
  parking.end(message(1))
  expect(parking.isFree(message(1))).toBe(false)
  expect(await parking.begin(message(1))).toBe('park')
})

test('what has no key is never parked, and nothing waits where nothing is parked', async () => {
  const { parking } = parkingOf(new TableLog(), 1)
  const keyless = { record: { key: null, offset: 0 }, source }
  expect(parking.isFree(keyless)).toBe(true)
  expect(parking.parks(keyless)).toBe(false)
  expect(parking.isFree(message(0))).toBe(false)
  expect(await parking.begin(message(0))).toBe('handle')
  expect(parking.isFree(message(0))).toBe(true)
  await parking.beforeLetter(message(0), 'handle')
  parking.end(message(0))
  expect(parking.isFree(message(1))).toBe(false)
  expect(parking.isFree(message(1, 'b'))).toBe(true)
  expect(await parking.begin(message(1, 'b'))).toBe('handle')
})
