import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { allowRawFetches, type FetchEars, fetchingRaw } from '../../../../kafka/kafkajs/patches/raw-fetches.ts'
import { encodeBatch, encodeFetchResponse } from '../../../support/kafka/record-batches.ts'

const response = createRequire(import.meta.url)('kafkajs/src/protocol/requests/fetch/v11/response') as {
  decode(payload: Buffer): Promise<unknown>
}

test('a partition whose bytes cannot be read is not said to be served, though it has no error', async () => {
  allowRawFetches.apply()
  const good = await encodeBatch({ firstOffset: 0, records: [{ value: Buffer.from('a') }] })
  const broken = Buffer.from(good)
  broken.writeInt8(7, 16)
  const heard: [string, number][] = []
  const ears: FetchEars = {
    outOfRange: ({ partition }) => heard.push(['out of range', partition]),
    unserved: ({ partition }) => heard.push(['unserved', partition]),
    served: ({ partition }) => heard.push(['served', partition]),
    someUnserved: true
  }
  const payload = encodeFetchResponse('topic', [
    { partition: 0, recordSet: broken },
    { partition: 1, recordSet: good },
    { partition: 2, recordSet: Buffer.alloc(0) }
  ])
  await fetchingRaw(ears, () => response.decode(payload))
  expect(heard).toEqual([
    ['served', 1],
    ['served', 2],
    ['unserved', 0]
  ])
})
