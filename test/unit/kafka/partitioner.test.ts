import { describe, expect, it } from 'vitest'
import { murmur2, partitionFor } from '../../../kafka/partitioner.ts'

// Every figure here was printed by org.apache.kafka.common.utils.Utils of kafka-clients 4.1.1.
describe('the Java client’s murmur2', () => {
  it.each([
    ['', 275646681],
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
    ['0199d3a4-5b7c-7def-8123-456789abcdef', 1263156880],
    ['naïve café ☕', -47369366],
    ['𝒳', 1378694188]
  ])('hashes %j', (key, hash) => {
    expect(murmur2(Buffer.from(key))).toBe(hash)
  })

  it('agrees over all lengths and byte values', () => {
    let digest = 0
    for (let length = 0; length < 257; length += 1) {
      const bytes = Uint8Array.from({ length }, (_, index) => (index * 37 + length) & 0xff)
      digest = (Math.imul(31, digest) + murmur2(bytes)) | 0
    }
    expect(digest).toBe(2035961627)
  })

  it('agrees over ten thousand UUIDs', () => {
    let digest = 0
    for (let index = 0; index < 10_000; index += 1) {
      const head = (Math.imul(index, 2_654_435) >>> 0).toString(16).padStart(8, '0')
      const tail = (index * 7919).toString(16).padStart(12, '0')
      digest = (Math.imul(31, digest) + murmur2(Buffer.from(`${head}-0000-7000-8000-${tail}`))) | 0
    }
    expect(digest).toBe(-333816656)
  })
})

describe('the partition of a key', () => {
  it.each([
    ['foobar', 6, 0],
    ['foobar', 50, 16],
    ['0199d3a4-5b7c-7def-8123-456789abcdef', 6, 4],
    ['0199d3a4-5b7c-7def-8123-456789abcdef', 50, 30],
    ['c9bf9e57-1685-4c89-bafb-ff5af830be8a', 50, 40]
  ])('puts %s of %i partitions into %i', (key, partitions, partition) => {
    expect(partitionFor(key, partitions)).toBe(partition)
  })
})
