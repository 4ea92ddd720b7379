import { describe, expect, it } from 'vitest'
import type { Handle, LifecycleState } from '../../core/index.ts'

type Call = 'start' | 'drain' | 'close' | 'dispose'

/**
 * What a call gives: it `starts` the part; it `ends` it; `first` is the very promise that the first such call gave;
 * `CLOSED` a rejection with that code.
 */
type Answer = 'starts' | 'ends' | 'first' | 'CLOSED'

const ending = { drain: 'ends', close: 'ends', dispose: 'ends' } as const
const ended = { start: 'CLOSED', drain: 'first', close: 'first', dispose: 'first' } as const

/** Every call in every state. `drain`, `close` and disposing are one end, which has one promise. */
const table: Readonly<Record<LifecycleState, Readonly<Record<Call, Answer>>>> = {
  new: { start: 'starts', ...ending },
  starting: { start: 'first', ...ending },
  running: { start: 'first', ...ending },
  draining: ended,
  closed: ended,
  failed: ended
}

export interface LifecycleUnderTest {
  /** A part that can start. */
  readonly make: () => Handle
  /** One whose start fails; undefined for parts whose start opens nothing. */
  readonly makeFailing?: () => Handle
}

const calls: Readonly<Record<Call, (part: Handle) => Promise<void>>> = {
  start: part => part.start(),
  drain: part => part.drain(),
  close: part => part.close(),
  dispose: async part => await part[Symbol.asyncDispose]()
}

/** A part that was brought into a state, and what the calls that did so gave. */
interface Brought {
  readonly part: Handle
  readonly started?: Promise<void>
  readonly ended?: Promise<void>
}

const bring: Readonly<Record<Exclude<LifecycleState, 'failed'>, (make: () => Handle) => Promise<Brought>>> = {
  new: async make => ({ part: make() }),
  async starting(make) {
    const part = make()
    return { part, started: part.start() }
  },
  async running(make) {
    const part = make()
    const started = part.start()
    await started
    return { part, started }
  },
  async draining(make) {
    const part = make()
    await part.start()
    return { part, ended: part.drain() }
  },
  async closed(make) {
    const part = make()
    const ended = part.close()
    await ended
    return { part, ended }
  }
}

/** What every part that runs has to do: the table of {@link Handle}. */
export function lifecycleConformance(name: string, setUp: () => LifecycleUnderTest): void {
  describe(`the life of ${name}`, () => {
    for (const [state, bringThere] of Object.entries(bring) as [keyof typeof bring, (typeof bring)['new']][])
      for (const [call, answer] of Object.entries(table[state]) as [Call, Answer][])
        it(`${state}: ${call} ${answer}`, async () => {
          const brought = await bringThere(setUp().make)
          const { part, started } = brought
          expect(part.state).toBe(state)
          // Handled at once: a rejection that comes early must not end the process.
          const starting = started?.then(
            () => 'started',
            (error: unknown) => error
          )
          await expectAnswer(brought, call, answer)
          if (answer === 'starts') expect(part.state).toBe('running')
          if (answer === 'first' && call === 'start') await started
          if (answer === 'ends') {
            expect(part.state).toBe('closed')
            if (state === 'starting') expect(await starting).toMatchObject({ code: 'CLOSED' })
          }
          await part.close()
          expect(part.state).toBe('closed')
          expect(await part.closed).toBeUndefined()
        })

    it('is draining as soon as it is to end, and continues to run after a time that cannot be waited for', async () => {
      const part = setUp().make()
      await part.start()
      await expect(part.drain({ timeoutMs: -1 })).rejects.toMatchObject({ code: 'OPTIONS_INVALID' })
      expect(part.state).toBe('running')
      const draining = part.drain()
      expect(part.state).toBe('draining')
      expect(part.close()).toBe(draining)
      await draining
      expect(part.state).toBe('closed')
    })

    const { makeFailing } = setUp()
    if (makeFailing === undefined) return
    it('has failed when its start fails: the error is that of `start` and of `closed`', async () => {
      const part = makeFailing()
      const error = await part.start().then(
        () => undefined,
        (thrown: unknown) => thrown
      )
      expect(error).toBeInstanceOf(Error)
      expect(part.state).toBe('failed')
      expect(await part.closed).toBe(error)
      await expect(part.start()).rejects.toMatchObject({ code: 'CLOSED' })
      for (const call of ['drain', 'close', 'dispose'] as const) await calls[call](part)
      expect(part.state).toBe('failed')
    })

    it('can be closed while a start fails', async () => {
      const part = makeFailing()
      const starting = part.start().catch((thrown: unknown) => thrown)
      await part.close()
      expect(await starting).toMatchObject({ code: 'CLOSED' })
      expect(part.state).toBe('closed')
      expect(await part.closed).toBeUndefined()
    })
  })
}

async function expectAnswer({ part, started, ended }: Brought, call: Call, answer: Answer): Promise<void> {
  const given = calls[call](part)
  if (answer === 'CLOSED') await expect(given).rejects.toMatchObject({ code: 'CLOSED' })
  // What disposes is called by the language, which does not show its promise.
  else if (answer === 'first' && call !== 'dispose') expect(given).toBe(call === 'start' ? started : ended)
  await given.catch(() => undefined)
}
