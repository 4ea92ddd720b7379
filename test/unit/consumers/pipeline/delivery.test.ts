import { expect, test } from 'vitest'
import { type MessageContext, RejectMessage, RetryLater } from '../../../../consumers/index.ts'
import { SendError } from '../../../../kafka/index.ts'
import type { Envelope } from '../../../../schemas/index.ts'
import { delivered, envelope } from './delivered.ts'

/** Delivers a message that is turned down, with a dead-letter topic that fails so; returns what was asked of it. */
async function givenUp(failures: readonly unknown[]) {
  const asked: boolean[] = []
  const waiting: string[] = []
  const unwritten = new Map()
  const left = [...failures]
  const { deliver, clock } = delivered({
    decode: () => Promise.reject(new RejectMessage('no use')),
    async sendDeadLetter(_message, _facts, { barest }) {
      asked.push(barest)
      waiting.push([...unwritten.values()].join())
      if (left.length > 0) throw left.shift()
      return []
    },
    unwritten
  })
  const outcome = deliver()
  await clock.pass(60_000)
  return { outcome: await outcome, asked, waiting, unwritten }
}

const clientFailed = new SendError('CLIENT_FAILED', 'the Kafka client failed by itself', { sent: true })
const unreachable = new SendError('KAFKA_UNAVAILABLE', 'Kafka is unreachable', { sent: false })

test('our own fault while giving up costs the message its content at last, never its partition', async () => {
  const { outcome, asked } = await givenUp([new TypeError(), clientFailed, new RangeError()])
  expect(outcome).toBe('dead-lettered')
  expect(asked).toEqual([false, false, false, true])
})

test('a Kafka that is away costs a message nothing, however long', async () => {
  const refused = new SendError('KAFKA_REFUSED', 'no', { sent: false })
  const { outcome, asked } = await givenUp([...Array(6).fill(unreachable), refused])
  expect(outcome).toBe('dead-lettered')
  expect(asked).toEqual(Array(8).fill(false))
})

test('as long as a dead letter waits its fault is known, and no longer', async () => {
  const { waiting, unwritten } = await givenUp([unreachable, clientFailed])
  expect(waiting).toEqual(['', 'KAFKA_UNAVAILABLE', 'CLIENT_FAILED'])
  expect(unwritten.size).toBe(0)
})

test('an attempt that fails is repeated with back-off, without its slot and with an envelope of its own', async () => {
  const seen: [attempt: number, quantity: unknown][] = []
  const { deliver, clock, letters, rests } = delivered({
    handlers: {
      'order.placed': async ({ payload }, { attempt, group }) => {
        expect(group).toBe('readers')
        const order = payload as { quantity: number }
        seen.push([attempt, order.quantity])
        order.quantity = 0
        if (attempt < 3) throw new TypeError('not yet')
      }
    }
  })
  const outcome = deliver()
  await clock.pass(10_000)
  expect(await outcome).toBe('handled')
  expect(seen).toEqual([
    [1, 1],
    [2, 1],
    [3, 1]
  ])
  expect(clock.waits).toEqual([100, 200])
  expect(rests).toEqual(['rest', 'back', 'rest', 'back'])
  expect(letters).toEqual([])
})

test('what is away is waited for without limit, and its failures are not counted', async () => {
  let calls = 0
  const { deliver, clock, letters } = delivered({
    handlers: {
      'order.placed': async () => {
        calls += 1
        if (calls <= 20) throw new RetryLater('the warehouse is away')
        throw new TypeError('broken')
      }
    }
  })
  const outcome = deliver()
  await clock.pass(60_000)
  expect(await outcome).toBe('dead-lettered')
  expect(letters).toMatchObject([{ code: 'TypeError', attempts: 23 }])
})

test('middlewares are around each attempt: the first one is outermost', async () => {
  const did: string[] = []
  const around =
    (name: string) =>
    (next: (envelope: Envelope, context: MessageContext) => Promise<void>) =>
    async (envelope: Envelope, context: MessageContext) => {
      did.push(`${name} begins`)
      try {
        await next(envelope, context)
      } finally {
        did.push(`${name} ends`)
      }
    }
  let attempts = 0
  const { deliver, clock } = delivered({
    use: [around('outer'), around('inner')],
    handlers: {
      'order.placed': async () => {
        did.push('handler')
        attempts += 1
        if (attempts === 1) throw new TypeError()
      }
    }
  })
  const outcome = deliver()
  await clock.pass(1_000)
  expect(await outcome).toBe('handled')
  const once = ['outer begins', 'inner begins', 'handler', 'inner ends', 'outer ends']
  expect(did).toEqual([...once, ...once])
})

test('a middleware may keep an event from its handler, change what it gets, or fail it', async () => {
  const got: unknown[] = []
  const handlers = { 'order.placed': async ({ payload }: Envelope) => void got.push(payload) }
  expect(await delivered({ handlers, use: [() => async () => undefined] }).deliver()).toBe('handled')
  expect(got).toEqual([])
  const changed = delivered({
    handlers,
    use: [next => (envelope, context) => next({ ...envelope, payload: { changed: true } }, { ...context })]
  })
  expect(await changed.deliver()).toBe('handled')
  expect(got).toEqual([{ changed: true }])
  const failing = delivered({
    handlers,
    use: [
      () => () => {
        throw new RejectMessage('not today')
      }
    ]
  })
  expect(await failing.deliver()).toBe('dead-lettered')
  expect(failing.letters).toMatchObject([{ code: 'REJECTED', attempts: 1 }])
})

test('calls of handlers are known while they run, and timed', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const times: number[] = []
  const { deliver, clock, calls } = delivered({
    handlers: { 'order.placed': () => promise },
    onCall: ms => times.push(ms)
  })
  const outcome = deliver()
  await clock.pass(250)
  expect([...calls]).toMatchObject([{ eventName: 'order.placed', topic: 'order.placed', offset: 7, attempt: 1 }])
  resolve()
  expect(await outcome).toBe('handled')
  expect([...calls]).toEqual([])
  expect(times).toEqual([250])
})

test('an event of a handler that returns because the group stops is not finished', async () => {
  const { deliver, closing } = delivered({
    handlers: {
      'order.placed': (_envelope, { signal }) =>
        new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()))
    }
  })
  const outcome = deliver()
  await new Promise(resolve => setImmediate(resolve))
  closing.abort()
  expect(await outcome).toBe('left')
})

test('onFailure is called once, before the dead letter; what it throws stops nothing and is logged', async () => {
  const did: unknown[] = []
  const { deliver, clock, log } = delivered({
    handlers: { 'order.placed': () => Promise.reject(new TypeError('Ada Lovelace')) },
    onFailure: async (error, envelope, context) => {
      did.push([String(error), envelope?.id, context.attempt])
      throw new RangeError('Ada Lovelace')
    },
    sendDeadLetter: async () => {
      did.push('letter')
      return []
    }
  })
  const outcome = deliver()
  await clock.pass(1_000)
  expect(await outcome).toBe('dead-lettered')
  expect(did).toEqual([['TypeError: Ada Lovelace', '0190a000-0000-7000-8000-000000000001', 3], 'letter'])
  expect(log.lines.map(({ text }) => text)).toContain('onFailure failed; the message is dead-lettered anyway')
  expect(JSON.stringify(log.lines)).not.toContain('Ada')
})

test('onFailure gets no envelope where there is none', async () => {
  const got: unknown[] = []
  const { deliver } = delivered({
    decode: () => Promise.reject(new RejectMessage('no use')),
    onFailure: (_error, envelope) => void got.push(envelope)
  })
  await deliver()
  expect(got).toEqual([undefined])
})

test('a partition that went to another member has no dead letter of this one', async () => {
  const { deliver, source, letters } = delivered({
    handlers: {
      'order.placed': async () => {
        source.lose()
        throw new RejectMessage('no use')
      }
    }
  })
  expect(await deliver()).toBe('left')
  expect(letters).toEqual([])
})

test('what has nothing to wait for ends at once, and is in no list of calls', () => {
  const times: number[] = []
  const { deliverNow, calls } = delivered({
    decode: () => envelope,
    handlers: {
      'order.placed': (() => {
        expect(calls.size).toBe(0)
      }) as never
    },
    onCall: ms => times.push(ms)
  })
  expect(deliverNow()).toBe('handled')
  expect(times).toEqual([0])
})

test('a handler that throws at once is tried again as one that rejects, and times of both calls are measured', async () => {
  const times: number[] = []
  let tried = 0
  const { deliver, clock, letters } = delivered({
    decode: () => envelope,
    handlers: {
      'order.placed': () => {
        tried += 1
        if (tried === 1) throw new TypeError('at once')
        return Promise.resolve()
      }
    },
    onCall: ms => times.push(ms)
  })
  const outcome = deliver()
  await clock.pass(1_000)
  expect([await outcome, tried, times.length, letters.length]).toEqual(['handled', 2, 2, 0])
})

test('whatever has a `then` is waited for', async () => {
  let end: (() => void) | undefined
  const query = {
    // biome-ignore lint/suspicious/noThenProperty: as the queries of some libraries
    then: (resolve: () => void) => {
      end = resolve
    }
  }
  const { deliverNow, calls } = delivered({
    decode: () => envelope,
    handlers: { 'order.placed': (() => query) as never }
  })
  const outcome = deliverNow()
  await Promise.resolve()
  expect(calls.size).toBe(1)
  end?.()
  expect(await outcome).toBe('handled')
  expect(calls.size).toBe(0)
})
