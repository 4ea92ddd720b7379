import kafkajs from 'kafkajs'
import { describe, expect, it, test } from 'vitest'
import { toKafkaError, toSendError } from '../../../kafka/kafkajs/errors.ts'
import { obstacleIn } from '../../../kafka/kafkajs/member/obstacles.ts'
import { missingInWords, missingRight, operationsOf, type Right, rightInWords } from '../../../kafka/rights.ts'

const write: Right = { operation: 'WRITE', resource: 'topic', name: 'order.placed', principal: 'User:orders' }
const read: Right = { operation: 'READ', resource: 'group', name: 'readers' }
const failure = (type: string) => new kafkajs.KafkaJSProtocolError(Object.assign(new Error('no'), { type }))

describe('a right that is missing', () => {
  it('is the one of the kind that Kafka names, or the first that was asked', () => {
    expect(missingRight('GROUP_AUTHORIZATION_FAILED', [write, read])).toBe(read)
    expect(missingRight('TOPIC_AUTHORIZATION_FAILED', [write, read])).toBe(write)
    // What a producer gets that may write to no topic.
    expect(missingRight('CLUSTER_AUTHORIZATION_FAILED', [write])).toBe(write)
    expect(missingRight('TRANSACTIONAL_ID_AUTHORIZATION_FAILED')).toEqual({ resource: 'transactional id' })
    expect(missingRight('UNKNOWN_TOPIC_OR_PARTITION', [write])).toBeUndefined()
    expect(missingRight(undefined, [write])).toBeUndefined()
  })

  it('is named as far as it is known', () => {
    expect(
      [write, read, { resource: 'cluster' } as const, { operation: 'WRITE', resource: 'topic' } as const].map(
        rightInWords
      )
    ).toEqual(['WRITE on topic order.placed', 'READ on group readers', 'a right on the cluster', 'WRITE on a topic'])
    expect(missingInWords(write)).toBe(
      'Kafka does not grant User:orders WRITE on topic order.placed. Grant it; `eventtrail acls` prints the commands'
    )
    expect(missingInWords(read)).toContain('this client READ on group readers')
  })
})

test.each(['TOPIC', 'GROUP', 'CLUSTER', 'TRANSACTIONAL_ID'])('%s_AUTHORIZATION_FAILED is a typed error', kind => {
  const type = `${kind}_AUTHORIZATION_FAILED`
  // As kafkajs wraps it after its retries, and as it comes for one of several topics.
  const wrapped = new Error('no', { cause: failure(type) })
  const several = Object.assign(new Error('several'), { errors: [failure(type)] })
  for (const thrown of [failure(type), wrapped, several]) {
    const error = toKafkaError(thrown, 'joining', [read])
    expect(error).toMatchObject({ code: 'NOT_AUTHORIZED', retryable: false, misconfigured: true, right: read })
    expect(error.protocolError).toBe(type)
    expect(toSendError(thrown, true, [write])).toMatchObject({ code: 'NOT_AUTHORIZED', sent: true, right: write })
  }
})

test('what is refused for another reason is no missing right', () => {
  expect(toKafkaError(failure('POLICY_VIOLATION'), 'creating', [write])).toMatchObject({
    code: 'KAFKA_REFUSED',
    right: undefined
  })
})

test('a set of operations is read bit by bit', () => {
  expect(operationsOf((1 << 3) | (1 << 8) | (1 << 9))).toEqual(new Set(['READ', 'DESCRIBE']))
  expect(operationsOf(0)).toEqual(new Set())
  expect(operationsOf(-2_147_483_648)).toBeUndefined()
})

test('what keeps a member out of its group is named; what ends a consumer otherwise is not', () => {
  const denied = obstacleIn(failure('GROUP_AUTHORIZATION_FAILED'), 'readers', 'User:me')
  expect(denied).toMatchObject({
    code: 'NOT_AUTHORIZED',
    message: expect.stringContaining('joining group readers: Kafka does not grant User:me READ on group readers'),
    right: { operation: 'READ', resource: 'group', name: 'readers', principal: 'User:me' }
  })
  expect(obstacleIn(failure('INCONSISTENT_GROUP_PROTOCOL'), 'readers', undefined)).toMatchObject({
    code: 'KAFKA_REFUSED'
  })
  for (const ended of [failure('REBALANCE_IN_PROGRESS'), new Error('socket'), 'topics changed'] as const)
    expect(obstacleIn(ended, 'readers', undefined)).toBeUndefined()
})
