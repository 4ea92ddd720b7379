import { createRequire } from 'node:module'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { gatherInPlace } from '../../../../kafka/kafkajs/patches/answers-in-place.ts'
import { tryingOthers } from '../../../../kafka/kafkajs/patches/seeds.ts'

interface Connection {
  processData(bytes: Buffer): void
  chunks: Buffer[]
  bytesBuffered: number
  bytesNeeded: number
}

gatherInPlace.apply()
const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/connection') as {
  prototype: object
}

function connection(fulfillRequest: (answer: { correlationId: number; payload: Buffer }) => void): Connection {
  const { socketFactory } = tryingOthers(['127.0.0.1:1'])
  const parts = { socketFactory, authHandlers: null, requestQueue: { fulfillRequest } }
  return Object.assign(Object.create(prototype) as Connection, parts, { chunks: [], bytesBuffered: 0, bytesNeeded: 4 })
}

function answer(id: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(8)
  head.writeInt32BE(4 + payload.length)
  head.writeInt32BE(id, 4)
  return Buffer.concat([head, payload])
}

test('answers are read however their bytes come', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 20 }), { minLength: 1, maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 40 }),
      (payloads, sizes) => {
        const read: [number, number[]][] = []
        const one = connection(({ correlationId, payload }) => read.push([correlationId, [...payload]]))
        const stream = Buffer.concat(payloads.map((payload, id) => answer(id, payload)))
        for (let at = 0, turn = 0; at < stream.length; turn += 1) {
          const piece = stream.subarray(at, at + (sizes[turn % sizes.length] as number))
          one.processData(piece)
          at += piece.length
        }
        expect(read).toEqual(payloads.map((payload, id) => [id, [...payload]]))
        expect(one).toMatchObject({ bytesBuffered: 0, bytesNeeded: 4 })
      }
    )
  )
})

test('of an answer on its way there is one buffer, and none once it is complete', () => {
  const payloads: Buffer[] = []
  const one = connection(({ payload }) => payloads.push(payload))
  const whole = answer(1, Buffer.alloc(1_000_000, 7))
  for (let at = 0; at < whole.length; at += 60_000) {
    expect(one.chunks.map(({ length }) => length)).toEqual(at === 0 ? [] : [whole.length])
    one.processData(Buffer.from(whole.subarray(at, at + 60_000)))
  }
  expect(one.chunks).toEqual([])
  expect(payloads.map(payload => payload.equals(whole.subarray(8)))).toEqual([true])
})
