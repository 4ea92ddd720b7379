import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { createTestGroup } from 'eventtrail/testing'
import type { Pool } from 'pg'
import { groupOptions } from '../src/group.ts'
import { createLog } from '../src/logging.ts'

/** A database of two maps. `context.once` of a test group hands it to the effects as it is. */
function testShop() {
  const points = new Map<string, number>()
  const views = new Map<string, number>()
  const lines: Record<string, unknown>[] = []
  const query = async (text: string, values: unknown[]) => {
    if (text.startsWith('UPDATE customers')) {
      const [change, customer] = values as [number, string]
      const before = points.get(customer)
      log.info('changing points')
      if (before === undefined) return { rows: [], rowCount: 0 }
      if (before + change < 0) throw Object.assign(new Error('points_check'), { code: '23514', severity: 'ERROR' })
      points.set(customer, before + change)
      return { rows: [], rowCount: 1 }
    }
    for (const page of (values as [string[]])[0]) views.set(page, (views.get(page) ?? 0) + 1)
    return { rows: [], rowCount: 1 }
  }
  const log = createLog({ write: line => void lines.push(JSON.parse(line)) })
  const group = createTestGroup(groupOptions({ query } as unknown as Pool, log))
  const change = (customer_id: string, change: number) =>
    group.publish('points.changed', customer_id, { customer_id, change })
  return { group, points, views, lines, change }
}

test('points are counted once, however often their events come', async () => {
  const { group, points, change } = testShop()
  const customer = randomUUID()
  points.set(customer, 0)
  await change(customer, 100)
  await change(customer, -30)
  await group.settle()
  group.redeliver()
  await group.settle()
  assert.equal(points.get(customer), 70)
  await group[Symbol.asyncDispose]()
})

test('changes of a customer who is not there yet are parked, in order, until they are redriven', async () => {
  const { group, points, change } = testShop()
  const customer = randomUUID()
  await change(customer, 100)
  await change(customer, -30)
  await group.settle()
  assert.deepEqual(
    group.deadLetters.map(({ code, attempts }) => [code, attempts]),
    [
      ['Error', 5],
      ['AGGREGATE_PARKED', 0]
    ]
  )
  points.set(customer, 0)
  assert.equal(group.redrive(), 2)
  await group.settle()
  assert.deepEqual([points.get(customer), group.deadLetters, group.parked], [70, [], []])
  await group[Symbol.asyncDispose]()
})

test('a change of no points is a dead letter at once, with its reason', async () => {
  const { group, change } = testShop()
  await change(randomUUID(), 0)
  await group.settle()
  assert.deepEqual(
    group.deadLetters.map(({ code, attempts, headers }) => [code, attempts, headers['dead-letter-reason']]),
    [['REJECTED', 1, 'a change of no points']]
  )
  await group[Symbol.asyncDispose]()
})

test('pages are counted in one call', async () => {
  const { group, views } = testShop()
  for (const page of ['/shoes', '/socks', '/shoes']) {
    const visit_id = randomUUID()
    await group.publish('page.viewed', visit_id, { visit_id, page })
  }
  await group.settle()
  assert.deepEqual(Object.fromEntries(views), { '/shoes': 2, '/socks': 1 })
  await group[Symbol.asyncDispose]()
})

test('what is logged while an event is handled has its id', async () => {
  const { group, points, lines, change } = testShop()
  const customer = randomUUID()
  points.set(customer, 0)
  const eventId = await change(customer, 1)
  await group.settle()
  const line = lines.find(({ msg }) => msg === 'changing points')
  assert.deepEqual([line?.eventId, line?.attempt], [eventId, 1])
  await group[Symbol.asyncDispose]()
})
