import { createHash, randomUUID } from 'node:crypto'
import { zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { connectHeaders } from '../../../consumers/dead-letters/index.ts'
import { deadLetterHeaders, type MessageContext, RejectMessage } from '../../../consumers/index.ts'

import { codecs, type RawRecordParts, rawBatch, rawRecords } from '../../support/kafka/raw-batch.ts'
import { rawProducer, stored } from '../../support/kafka/raw-producer.ts'
import { badge, testSchool } from './school.ts'

const school = await testSchool()
const producer = await rawProducer(school.brokers)

/** A group that turns every event down but those whose reason is "fine", and what its handler was called with. */
async function rejecting(term: ReturnType<typeof school.enrol>, name: string) {
  const contexts: MessageContext[] = []
  const group = await term.group({
    group: name,
    handlers: {
      'badge.awarded': ({ payload }, context) => {
        contexts.push(context)
        if (payload.reason !== 'fine') throw new RejectMessage('no use')
      }
    }
  })
  return { group, contexts }
}

/** Sends records to a topic as one batch. */
const send = (topicPrefix: string, records: readonly RawRecordParts[], codec: 'none' | 'zstd' = 'none') => {
  const bytes = rawRecords(records)
  const content = codec === 'zstd' ? zstdCompressSync(bytes) : bytes
  const batch = rawBatch({ records: content, count: records.length, attributes: codecs[codec] })
  return stored(producer, `${topicPrefix}badge.awarded`, 0, batch)
}

type Letter = Awaited<ReturnType<typeof school.read>>[number]
/** The headers of a dead letter that are the message's own. */
const ownHeaders = ({ headerList }: Letter) => {
  const ours = new Set<string>([...Object.values(deadLetterHeaders), ...Object.values(connectHeaders)])
  return headerList
    .filter(([name]) => !ours.has(name))
    .map(([name, value]) => [name, value?.toString('latin1') ?? null])
}
const said = ({ headers }: Letter, name: keyof typeof deadLetterHeaders) =>
  headers[deadLetterHeaders[name]]?.toString() ?? null
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

test('whatever headers an event has, its handler is called and its dead letter has them all', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  const { value } = await term.encode(badge(randomUUID(), 'unwanted'))
  const lists: [string, string | null][][] = [
    [['traceparent', null]],
    [
      ['', ''],
      ['__proto__', 'p'],
      ['a', '1'],
      ['1', 'a number'],
      ['a', null],
      ['constructor', '\xff\x00'],
      ['a', '2']
    ],
    Array.from({ length: 3_000 }, (_, n) => [`name-${n % 7}`, n % 3 === 0 ? null : `value ${n}`])
  ]
  const bytes = (text: string | null) => (text === null ? null : Buffer.from(text, 'latin1'))
  for (const list of lists)
    await send(term.topicPrefix, [{ key: 'k', value, headers: list.map(([name, text]) => [name, bytes(text)]) }])
  await term.publish(badge(randomUUID(), 'fine'))
  const { group, contexts } = await rejecting(term, 'headers')
  await group.whenCaughtUp()
  expect(group.stats()).toMatchObject({ handled: 1, deadLettered: 3, retried: 0 })
  const seen = (offset: number) => Object.entries(contexts.find(each => each.offset === offset)?.headers ?? {})
  expect(seen(0)).toEqual([])
  expect(seen(1)).toContainEqual(['__proto__', 'p'])
  const letters = await school.read(group.deadLetterTopic, 3)
  expect(letters.map(ownHeaders)).toEqual(lists)
  expect(letters.map(letter => [letter.value, said(letter, 'truncated')])).toEqual(Array(3).fill([value, null]))
})

test('of a message that is too large for the dead-letter topic as much is kept as it takes', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  const eight = Buffer.alloc(8 * 1024 * 1024, 'eight')
  const headers: RawRecordParts['headers'] = [['traceparent', '00-ab']]
  await send(term.topicPrefix, [{ key: 'k', value: eight, headers }], 'zstd')
  await send(term.topicPrefix, [{ key: eight, value: 'v', headers }], 'zstd')
  await send(term.topicPrefix, [{ key: 'k', value: 'v', headers: [['long', eight]] }], 'zstd')
  await term.publish(badge(randomUUID(), 'fine'))
  const { group } = await rejecting(term, 'large')
  await group.whenCaughtUp()
  expect(group.stats()).toMatchObject({ handled: 1, deadLettered: 3 })
  const letters = await school.read(group.deadLetterTopic, 3)
  const [longValue, longKey, longHeader] = letters as [Letter, Letter, Letter]
  expect(letters.map(letter => said(letter, 'truncated'))).toEqual(['true', 'true', 'true'])
  expect([String(longValue.key), longValue.value, ownHeaders(longValue)]).toEqual(['k', null, headers])
  expect([said(longValue, 'valueSha256'), said(longValue, 'valueBytes')]).toEqual([sha256(eight), '8388608'])
  expect([longKey.key, String(longKey.value), ownHeaders(longKey)]).toEqual([null, 'v', headers])
  expect([said(longKey, 'keySha256'), said(longKey, 'keyBytes')]).toEqual([sha256(eight), '8388608'])
  expect([String(longHeader.key), String(longHeader.value), ownHeaders(longHeader)]).toEqual(['k', 'v', []])
  expect(said(longHeader, 'headersCount')).toBe('1')
})

test('a dead-letter topic that takes less than ours does not stop the group', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  const topic = `${term.topicPrefix}narrow.dead-letters`
  const config = { 'max.message.bytes': '1000' }
  await school.admin.createTopics([{ topic, partitions: 1, replicationFactor: 1, config }])
  const long = 'x'.repeat(2_000)
  await send(term.topicPrefix, [
    { key: 'k', value: long, headers: [['h', 'v']] },
    { key: long, value: long, headers: [['h', long]] }
  ])
  const { group } = await rejecting(term, 'narrow')
  await group.whenCaughtUp()
  const letters = await school.read(group.deadLetterTopic, 2)
  const [first, second] = letters as [Letter, Letter]
  expect([String(first.key), first.value, ownHeaders(first)]).toEqual(['k', null, [['h', 'v']]])
  expect([second.key, second.value, ownHeaders(second)]).toEqual([null, null, []])
  expect(letters.map(letter => [said(letter, 'offset'), said(letter, 'code')])).toEqual([
    ['0', 'DECODE_FAILED'],
    ['1', 'DECODE_FAILED']
  ])
})

test('what the client trips over is reported as the client’s fault, not as Kafka’s', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  await using sender = await school.client.connectSender()
  const headers = { broken: null as unknown as string }
  const records = [{ key: null, value: null, headers }]
  const [result] = await sender.send([{ topic: `${term.topicPrefix}badge.awarded`, partition: 0, records }])
  expect(result).toMatchObject({ error: { code: 'CLIENT_FAILED', retryable: true } })
})
