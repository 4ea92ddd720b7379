import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { allowRawFetches, type FetchEars, fetchingRaw } from '../../../../kafka/kafkajs/patches/raw-fetches.ts'
import { type EncodedPartition, encodeBatch, encodeFetchResponse } from '../../../support/kafka/record-batches.ts'

const response = createRequire(import.meta.url)('kafkajs/src/protocol/requests/fetch/v11/response') as {
  decode(payload: Buffer): Promise<{ responses: { partitions: { partition: number }[] }[] }>
}

const nothing = Buffer.alloc(0)

/** What a consumer hears of a response, and which partitions kafkajs is given. */
async function fetched(partitions: readonly EncodedPartition[]) {
  allowRawFetches.apply()
  const heard: [string, number][] = []
  const reasons: string[] = []
  const ears: FetchEars = {
    outOfRange: ({ partition }) => heard.push(['out of range', partition]),
    unserved: ({ partition, reason }) => {
      heard.push(['unserved', partition])
      reasons.push(reason)
    },
    served: ({ partition }) => heard.push(['served', partition]),
    someUnserved: true
  }
  const decoded = await fetchingRaw(ears, () => response.decode(encodeFetchResponse('topic', partitions)))
  const left = decoded.responses.flatMap(({ partitions: some }) => some.map(({ partition }) => partition))
  return { heard, reasons, left }
}

test('a partition whose bytes cannot be read is not said to be served, though it has no error', async () => {
  const good = await encodeBatch({ firstOffset: 0, records: [{ value: Buffer.from('a') }] })
  const broken = Buffer.from(good)
  broken.writeInt8(7, 16)
  const { heard } = await fetched([
    { partition: 0, recordSet: broken },
    { partition: 1, recordSet: good },
    { partition: 2, recordSet: nothing }
  ])
  expect(heard).toEqual([
    ['served', 1],
    ['served', 2],
    ['unserved', 0]
  ])
})

test('an error of one partition that kafkajs does not retry leaves the others served, and is named', async () => {
  const good = await encodeBatch({ firstOffset: 0, records: [{ value: Buffer.from('a') }] })
  const { heard, reasons, left } = await fetched([
    { partition: 0, errorCode: 87, recordSet: nothing },
    { partition: 1, recordSet: good },
    { partition: 2, errorCode: 76, recordSet: nothing },
    // kafkajs does not know it.
    { partition: 3, errorCode: 109, recordSet: nothing },
    // A leader that has moved is looked for by kafkajs.
    { partition: 4, errorCode: 6, recordSet: nothing },
    { partition: 5, errorCode: 1, recordSet: nothing }
  ])
  expect(heard).toEqual([
    ['served', 1],
    ['out of range', 5],
    ['unserved', 0],
    ['unserved', 2],
    ['unserved', 3]
  ])
  expect(reasons).toEqual([
    expect.stringContaining('INVALID_RECORD'),
    expect.stringContaining('UNSUPPORTED_COMPRESSION_TYPE'),
    expect.stringContaining('error 109')
  ])
  expect(left).toEqual([1, 4, 5])
})
