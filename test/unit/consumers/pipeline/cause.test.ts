import { describe, expect, it } from 'vitest'
import { currentContext, type EventContext, withContext } from '../../../../schemas/event-context.ts'
import { batched } from './batched.ts'
import { delivered, envelope } from './delivered.ts'

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
const headers = Object.entries({ source: 'gradebook', actor: 'teacher-7', traceparent, tracestate: 'a=1' }).map(
  ([name, value]) => [name, Buffer.from(value)] as const
)
const caused = { source: undefined, actor: 'teacher-7', traceparent, tracestate: 'a=1', causation: envelope.id }

describe('what a handler publishes', () => {
  it('is caused by the event it handles, in its middlewares too, each time it is tried', async () => {
    const seen: (EventContext | undefined)[] = []
    const see = () => void seen.push(currentContext())
    const { deliver, clock } = delivered({
      headers,
      use: [
        next => (event, context) => {
          see()
          return next(event, context)
        }
      ],
      handlers: {
        'order.placed': async () => {
          await undefined
          see()
          if (seen.length < 4) throw new Error('again')
        }
      }
    })
    // What the group was started in is the cause of nothing.
    const outcome = withContext(
      { actor: 'operator', source: 'start', traceparent: traceparent.replace('4bf', '5bf') },
      deliver
    )
    await clock.pass(1_000)
    expect(await outcome).toBe('handled')
    expect(seen).toEqual([caused, caused, caused, caused])
    expect(currentContext()).toBeUndefined()
  })

  it('has no other cause where the event says nothing of its own', async () => {
    let seen: EventContext | undefined
    const { deliver } = delivered({
      handlers: {
        'order.placed': async () => {
          seen = currentContext()
        }
      }
    })
    await withContext({ actor: 'operator', source: 'start' }, deliver)
    expect(seen).toEqual({ causation: envelope.id })
  })

  it('is caused by the event in onFailure', async () => {
    let seen: EventContext | undefined
    const { deliver } = delivered({
      headers,
      retry: { attempts: 1, initialMs: 0, maxMs: 0, factor: 1, jitter: 0 },
      handlers: {
        'order.placed': async () => {
          throw new Error('no')
        }
      },
      onFailure: () => {
        seen = currentContext()
      }
    })
    expect(await deliver()).toBe('dead-lettered')
    expect(seen).toEqual(caused)
  })

  it('has no cause where the handler gets many events', async () => {
    const seen: (EventContext | undefined)[] = []
    const { add, settle, calls } = batched(() => void seen.push(currentContext()))
    await withContext({ actor: 'operator' }, async () => {
      add('a1', 'b1')
      await settle()
    })
    expect(calls).toEqual([['a1', 'b1']])
    expect(seen).toEqual([undefined])
  })

  it('has no cause where the handler is one of batches, also for an event on its own', async () => {
    let seen: EventContext | undefined = {}
    const { deliver } = delivered({
      headers,
      batchHandlers: new Map([
        [
          'order.placed',
          () => {
            seen = currentContext()
          }
        ]
      ])
    })
    await withContext({ actor: 'operator' }, deliver)
    expect(seen).toBeUndefined()
  })
})
