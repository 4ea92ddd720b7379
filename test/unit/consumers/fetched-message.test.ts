import { expect, test } from 'vitest'
import { Routes } from '../../../consumers/dead-letters/index.ts'
import { HeldBytes } from '../../../consumers/intake/backpressure.ts'
import { FetchedMessage, holdEach, messagesIn } from '../../../consumers/intake/fetched-message.ts'
import { AssignedPartition } from '../../../consumers/progress/index.ts'
import { readRecordSet } from '../../../kafka/log/fetch-decoder.ts'
import { PackedRecords } from '../../../kafka/log/packed-records.ts'
import { bomb } from '../../support/kafka/raw-codecs.ts'
import { encodeBatch } from '../../support/kafka/record-batches.ts'

const mebibyte = 1024 * 1024

function hold(batch: Buffer) {
  const portion = new PackedRecords(readRecordSet(batch)?.batches ?? [], 0).read()
  const held = new HeldBytes()
  const routes = new Routes(new Map([['orders', 'order.placed']]), 'orders.redrive')
  const source = new AssignedPartition('orders', 0, new AbortController().signal)
  const messages = messagesIn(portion).map(found => new FetchedMessage(found, routes, source))
  holdEach(messages, portion, held)
  return { portion, held, messages }
}

test('messages of a large portion have bytes of their own, and the portion is given back', () => {
  const { portion, held, messages } = hold(bomb('gzip', mebibyte, 3))
  expect(messages.map(({ record }) => record.value?.equals(Buffer.alloc(mebibyte)))).toEqual([true, true, true])
  expect(portion.messages.map(({ value }) => value?.buffer.byteLength)).toEqual([0, 0, 0])
  // Each with what it takes besides its bytes.
  expect(held.bytes).toBe(3 * (mebibyte + 1 + 1024))
})

test('a message that is most of its portion is not copied', () => {
  const { portion, messages } = hold(bomb('zstd', 40 * mebibyte))
  expect(messages[0]?.record === portion.messages[0]).toBe(true)
  expect(messages[0]?.record.value?.length).toBe(40 * mebibyte)
})

test('one of a response that is not compressed gets bytes of its own', async () => {
  const batch = await encodeBatch({ firstOffset: 0, records: [{ value: Buffer.alloc(2 * mebibyte) }] })
  const response = Buffer.concat([batch, Buffer.alloc(8 * mebibyte)])
  const { messages } = hold(response.subarray(0, batch.length))
  expect(messages[0]?.record.value?.buffer === response.buffer).toBe(false)
})
