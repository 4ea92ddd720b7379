import { describe, expect, it } from 'vitest'
import { headersOf } from '../../../producers/envelope.ts'
import { withContext } from '../../../schemas/event-context.ts'

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
const other = '00-4bf92f3577b34da6a3ce929d0e0e4737-00f067aa0ba902b7-01'
const common = { source: 'school' }

describe('the headers of an event', () => {
  it('are those that all events of the publisher have, without a copy, where nothing else is said', () => {
    expect(headersOf('a.b', undefined, common)).toBe(common)
    expect(headersOf('a.b', {}, common)).toBe(common)
  })

  it('are of the call first, then of the context, then of the publisher', () => {
    withContext({ source: 'gradebook', actor: 'teacher-7', traceparent, tracestate: 'a=1' }, () => {
      const all = { source: 'gradebook', actor: 'teacher-7', traceparent, tracestate: 'a=1' }
      expect(headersOf('a.b', undefined, common)).toEqual(all)
      expect(headersOf('a.b', { source: 'import', actor: 'job-1' }, common)).toEqual({
        ...all,
        source: 'import',
        actor: 'job-1'
      })
      // A tracestate belongs to its traceparent.
      expect(headersOf('a.b', { traceparent: other }, common)).toEqual({
        ...{ source: 'gradebook', actor: 'teacher-7', traceparent: other }
      })
    })
    expect(common).toEqual({ source: 'school' })
  })

  it('have the event that caused them', () => {
    const causation = '0190a000-0000-7000-8000-000000000001'
    withContext({ causation }, () => expect(headersOf('a.b', undefined, common)).toEqual({ ...common, causation }))
  })

  it.each([
    ['an e-mail address', 'ada@school.example', 'it looks like an e-mail address'],
    ['a name', 'Ada Lovelace', 'it looks like the name of a person'],
    ['a name that is not ASCII', 'Zoë', 'it looks like the name of a person'],
    ['no text', 7 as never, 'an id'],
    ['nothing', '', 'an id'],
    ['too long', 'a'.repeat(256), '1 to 255']
  ])('have no actor that is %s', (_, actor, words) => {
    const refused = () => headersOf('a.b', { actor }, common)
    expect(refused).toThrow(expect.objectContaining({ code: 'ENVELOPE_INVALID', field: 'actor' }))
    expect(refused).toThrow(words)
    expect(refused).not.toThrow(/ada@|Lovelace|Zoë/)
  })

  it.each(['grade book', '', 'a'.repeat(101), 'ü'])('have no source %j', source => {
    expect(() => headersOf('a.b', { source }, common)).toThrow(
      expect.objectContaining({ code: 'ENVELOPE_INVALID', field: 'source' })
    )
  })
})
