import { describe, expect, test } from 'vitest'
import { messageIdIn } from '../../../../dev/demo/inbox.ts'
import { lagOf } from '../../../../dev/demo/observer.ts'
import { withoutSettings } from '../../../../dev/processes/child.ts'

describe('the Message-ID of a mail', () => {
  test.each([
    ['Subject: Hello\r\nMessage-ID: <one@school>\r\n\r\nText', '<one@school>'],
    ['message-id:\r\n <folded@school>\r\nSubject: Hello\r\n\r\nText', '<folded@school>'],
    ['Subject: Hello\r\n\r\nMessage-ID: <body@school>', undefined],
    ['X-Message-ID: <other@school>\r\n\r\n', undefined],
    ['', undefined]
  ])('%j', (mail, expected) => {
    expect(messageIdIn(mail)).toBe(expected)
  })
})

test('what was set for other servers does not reach the processes of the demo', () => {
  const env = { PATH: '/bin', KAFKA_BROKERS: 'elsewhere:9092', EVENTTRAIL_CONFIG: 'a.json', TOPIC_PREFIX: 'x.' }
  expect(withoutSettings(env)).toEqual({ PATH: '/bin' })
})

describe('lag', () => {
  const ranges = [
    { partition: 0, start: 0, end: 100 },
    { partition: 1, start: 40, end: 50 }
  ]
  test.each([
    [new Map<number, number>(), 110],
    [new Map([[0, 30]]), 80],
    [
      new Map([
        [0, 100],
        [1, 50]
      ]),
      0
    ],
    [new Map([[1, 10]]), 110],
    [new Map([[0, 120]]), 10]
  ])('of a group that is at %o', (done, expected) => {
    expect(lagOf(ranges, done)).toBe(expected)
  })
})
