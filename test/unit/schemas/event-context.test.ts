import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, expect, it } from 'vitest'
import { causedBy, currentContext, eachInContext, withContext } from '../../../schemas/event-context.ts'

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
const id = '0190a000-0000-7000-8000-000000000001'

describe('the context of a request', () => {
  it('holds in all that its work calls, also after a wait, and ends with it', async () => {
    const seen = await withContext({ actor: 'teacher-7', source: 'gradebook' }, async () => {
      await new Promise(resolve => setImmediate(resolve))
      return currentContext()
    })
    expect(seen).toEqual({ actor: 'teacher-7', source: 'gradebook' })
    expect(currentContext()).toBeUndefined()
  })

  it('takes from the one around it what it does not name, and undefined takes that away', () => {
    withContext({ actor: 'teacher-7', source: 'gradebook', traceparent, tracestate: 'a=1' }, () => {
      withContext({ actor: 'student-1' }, () =>
        expect(currentContext()).toEqual({ actor: 'student-1', source: 'gradebook', traceparent, tracestate: 'a=1' })
      )
      withContext({ actor: undefined }, () => expect(currentContext()?.actor).toBeUndefined())
      const other = traceparent.replace('-00f', '-11f')
      withContext({ traceparent: other }, () =>
        expect(currentContext()).toMatchObject({ traceparent: other, tracestate: undefined })
      )
      expect(currentContext()?.actor).toBe('teacher-7')
    })
  })

  it('keeps what runs at the same time apart', async () => {
    const actors = ['a', 'b', 'c']
    const seen = await Promise.all(
      actors.map(actor =>
        withContext({ actor }, async () => {
          await new Promise(resolve => setImmediate(resolve))
          return currentContext()?.actor
        })
      )
    )
    expect(seen).toEqual(actors)
  })

  it.each([
    ['an e-mail address', { actor: 'ada@school.example' }, 'actor', 'e-mail address'],
    ['a name', { actor: 'Ada Lovelace' }, 'actor', 'name of a person'],
    ['a number as actor', { actor: 7 as never }, 'actor', 'an id'],
    ['a source with a space', { source: 'grade book' }, 'source', 'name'],
    ['a causation that is no id', { causation: 'Ada' }, 'causation', 'UUID'],
    ['a misspelt name', { acotr: 'teacher-7' } as never, 'acotr', 'actor']
  ])('refuses %s, repeats nothing of it and does not begin', (_, context, option, words) => {
    const refused = () =>
      withContext(context, () => {
        throw new Error('the work began')
      })
    expect(refused).toThrow(expect.objectContaining({ code: 'OPTIONS_INVALID', option }))
    expect(refused).toThrow(words)
    expect(refused).not.toThrow(/Ada|ada@|grade book|teacher/)
  })

  it('leaves out a trace context that a client got wrong', () => {
    for (const wrong of ['', 'secret', traceparent.replace('00-', 'ff-'), ['a', 'b'] as never]) {
      const seen = withContext({ actor: 'teacher-7', traceparent: wrong, tracestate: 'a=1' }, currentContext)
      expect(seen).toEqual({ actor: 'teacher-7', traceparent: undefined, tracestate: undefined })
    }
    expect(withContext({ traceparent, tracestate: 'ü' }, currentContext)).toEqual({
      traceparent,
      tracestate: undefined
    })
  })

  it('is the same one for a second copy of the package', async () => {
    const copy: typeof import('../../../schemas/event-context.ts') = await import(
      `../../../schemas/event-context.ts?${'copy'}`
    )
    expect(copy.withContext).not.toBe(withContext)
    copy.withContext({ actor: 'teacher-7' }, () => expect(currentContext()).toEqual({ actor: 'teacher-7' }))
  })
})

describe('the context of work that is done again and again', () => {
  it('is that of each call, also after a wait and within another, and ends with the call', async () => {
    const seen: [string, string | undefined][] = []
    const note = (call: string) => void seen.push([call, currentContext()?.actor])
    const run = eachInContext(async (call: string, inner?: () => Promise<void>): Promise<void> => {
      note(call)
      const ended = inner?.()
      note(call)
      await new Promise(resolve => setImmediate(resolve))
      note(call)
      await ended
    })
    await withContext({ actor: 'around' }, async () => {
      const outer = run({ actor: 'one' }, 'one', () => run({ actor: 'two' }, 'two', undefined))
      note('around')
      const later = run({ actor: 'three' }, 'three', undefined)
      note('around')
      await outer
      await later
      note('around')
    })
    expect(seen).toHaveLength(12)
    for (const [call, actor] of seen) expect(actor).toBe(call)
    expect(currentContext()).toBeUndefined()
  })

  it('ends also with a call that throws', () => {
    const run = eachInContext((message: string, _: undefined) => {
      throw new Error(message)
    })
    expect(() => run({ actor: 'one' }, 'no', undefined)).toThrow('no')
    expect(currentContext()).toBeUndefined()
  })

  it('has of other storages what they held where it was made', () => {
    const other = new AsyncLocalStorage<string>()
    const run = other.run('made', () => eachInContext((_: number, __: number) => other.getStore()))
    expect(other.run('called', () => [run({}, 1, 2), other.getStore()])).toEqual(['made', 'called'])
  })
})

describe('what an event causes', () => {
  it('has its actor, its trace and its id, and not its source', () => {
    const headers = { source: 'gradebook', actor: 'teacher-7', traceparent, tracestate: 'a=1', other: 'x' }
    expect(causedBy({ id }, headers)).toEqual({
      ...{ source: undefined, actor: 'teacher-7', traceparent, tracestate: 'a=1', causation: id }
    })
  })

  it('has nothing of headers that break the rules, and nothing of the context around', () => {
    const caused = causedBy({ id }, { actor: 'ada@school.example', traceparent: 'none', tracestate: 'a=1' })
    withContext({ actor: 'teacher-7', source: 'gradebook', traceparent }, () =>
      withContext(caused, () => expect(currentContext()).toEqual({ causation: id }))
    )
  })
})
