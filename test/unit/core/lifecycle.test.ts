import { describe, expect, it } from 'vitest'
import { type Ending, type Handle, Lifecycle, type LifecycleSteps, unlessAborted } from '../../../core/lifecycle.ts'
import { lifecycleConformance } from '../../conformance/lifecycle.ts'

class Closed extends Error {
  readonly code = 'CLOSED'
}

/** A part that does nothing but live. */
class Part implements Handle {
  readonly life: Lifecycle
  /** The steps that were taken, in their order. */
  readonly taken: string[] = []

  constructor(steps: Partial<LifecycleSteps> = {}) {
    const note = (step: string) => this.taken.push(step)
    this.life = new Lifecycle({
      start: async ending => {
        note('start')
        await steps.start?.(ending)
      },
      halt: () => {
        note('halt')
        steps.halt?.()
      },
      drain: async () => {
        note('drain')
        await steps.drain?.()
      },
      close: async (ending: Ending) => {
        note(`close ${ending}`)
        await steps.close?.(ending)
      },
      closedError: () => new Closed(),
      drainTimeoutMs: 60_000
    })
  }

  start() {
    return this.life.start()
  }
  drain(options?: { readonly timeoutMs?: number }) {
    return this.life.drain(options)
  }
  close() {
    return this.life.close()
  }
  [Symbol.asyncDispose]() {
    return this.life.drain()
  }
  get closed() {
    return this.life.closed
  }
  get state() {
    return this.life.state
  }
}

const never = () => new Promise<never>(() => undefined)
const broken = new Error('broken')

lifecycleConformance('a part that takes no time', () => ({
  make: () => new Part(),
  makeFailing: () => new Part({ start: () => Promise.reject(broken) })
}))

lifecycleConformance('a part that takes its time', () => {
  const turn = () => new Promise<void>(resolve => setImmediate(resolve))
  return {
    make: () => new Part({ start: turn, drain: turn, close: turn }),
    makeFailing: () => new Part({ start: () => turn().then(() => Promise.reject(broken)) })
  }
})

describe('the steps of a life', () => {
  it.each([
    ['drained', (part: Part) => part.drain(), ['start', 'halt', 'drain', 'close drained']],
    ['closed', (part: Part) => part.close(), ['start', 'halt', 'close at once']]
  ])('are each taken once, in order: %s', async (_, end, steps) => {
    const part = new Part()
    await Promise.all([part.start(), part.start()])
    await Promise.all([end(part), end(part), part.drain()])
    expect(part.taken).toEqual(steps)
  })

  it('are those of an end alone where it never started', async () => {
    const part = new Part()
    await part.drain()
    expect(part.taken).toEqual(['halt', 'drain', 'close drained'])
  })

  it('close when the time of a drain is up', async () => {
    const part = new Part({ drain: never })
    await part.drain({ timeoutMs: 1 })
    expect(part.taken.at(-1)).toBe('close timed out')
  })

  it('close at once when a drain is cut short', async () => {
    const part = new Part({ drain: never })
    const draining = part.drain()
    await part.close()
    await draining
    expect(part.taken.at(-1)).toBe('close at once')
    expect(part.state).toBe('closed')
  })

  it('close after the start has ended, whatever is open by then', async () => {
    const opened = Promise.withResolvers<void>()
    const part = new Part({ start: () => opened.promise })
    const starting = part.start().catch((error: unknown) => error)
    const closing = part.close()
    await Promise.resolve()
    expect(part.taken).toEqual(['start', 'halt'])
    opened.resolve()
    await closing
    expect(part.taken).toEqual(['start', 'halt', 'close at once'])
    expect(await starting).toBeInstanceOf(Closed)
  })

  it('call off a start that is under way', async () => {
    const part = new Part({ start: ending => unlessAborted(ending, never()) })
    const starting = part.start().catch((error: unknown) => error)
    await part.close()
    expect(await starting).toBeInstanceOf(Closed)
    expect(part.state).toBe('closed')
  })
})

describe('an error', () => {
  it('ends a part that runs, at once', async () => {
    const part = new Part({ drain: never })
    await part.start()
    part.life.fail(broken)
    expect(part.state).toBe('draining')
    expect(await part.closed).toBe(broken)
    expect(part.state).toBe('failed')
    expect(part.taken).toEqual(['start', 'halt', 'close at once'])
  })

  it('lets finish what is in flight, for a time', async () => {
    const part = new Part()
    await part.start()
    part.life.fail(broken, 60_000)
    expect(await part.closed).toBe(broken)
    expect(part.taken).toEqual(['start', 'halt', 'drain', 'close drained'])
  })

  it('ends a start, and is its error', async () => {
    const part = new Part({ start: ending => unlessAborted(ending, never()) })
    const starting = part.start().catch((error: unknown) => error)
    part.life.fail(broken)
    expect(await starting).toBe(broken)
    expect(await part.closed).toBe(broken)
  })

  it.each<[string, Partial<LifecycleSteps>]>([
    ['while it drains', { drain: () => Promise.reject(broken) }],
    ['while it closes', { close: () => Promise.reject(broken) }],
    [
      'at once',
      {
        halt: () => {
          throw broken
        }
      }
    ]
  ])('%s fails the part, which is closed anyway', async (_, steps) => {
    const part = new Part(steps)
    await part.start()
    await part.drain()
    expect(part.state).toBe('failed')
    expect(await part.closed).toBe(broken)
    expect(part.taken.filter(step => step.startsWith('close'))).toHaveLength(1)
  })

  it('is the first of several, and one after the end is dropped', async () => {
    const part = new Part()
    await part.start()
    part.life.fail(broken)
    part.life.fail(new Error('another'))
    expect(await part.closed).toBe(broken)
    part.life.fail(new Error('late'))
    expect(part.life.failure).toBe(broken)
  })
})

describe('a part that works without a start', () => {
  it('runs with its first work, and a start after it opens nothing', async () => {
    const part = new Part()
    expect(part.life.begin()).toBe(true)
    expect(part.state).toBe('running')
    await part.start()
    await part.drain()
    expect(part.taken).toEqual(['halt', 'drain', 'close drained'])
    expect(part.life.begin()).toBe(false)
  })

  it('works while it starts', async () => {
    const part = new Part()
    const starting = part.start()
    expect(part.life.begin()).toBe(true)
    expect(part.state).toBe('starting')
    await starting
    await part.close()
  })
})
