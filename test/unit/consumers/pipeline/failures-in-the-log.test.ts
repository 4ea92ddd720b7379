import fc from 'fast-check'
import { expect, test } from 'vitest'
import { stackFrames } from '../../../../consumers/pipeline/failures/stack-frames.ts'
import { anyText, runs } from '../../../support/properties.ts'
import { delivered } from './delivered.ts'

const here = 'test/unit/consumers/pipeline/failures-in-the-log.test.ts'
const failure = (lines: readonly { level: string; fields: Readonly<Record<string, unknown>> }[]) =>
  lines.find(({ level }) => level === 'error')?.fields

test('a failure has the id of its event, its names and where it was thrown, and not its message', async () => {
  const { deliver, clock, log } = delivered({
    handlers: {
      'order.placed': async () => {
        throw new RangeError('Ada Lovelace', { cause: new TypeError('Ada Lovelace') })
      }
    }
  })
  const outcome = deliver()
  await clock.pass(1_000)
  await outcome
  expect(log.lines.map(({ level }) => level)).toEqual(['warn', 'warn', 'error'])
  for (const { fields } of log.lines) {
    expect(fields).toMatchObject({ offset: 7, eventId: expect.any(String), fault: 'RangeError, TypeError' })
    expect((fields.at as string[])[0]).toMatch(new RegExp(`^${here}:\\d+:\\d+$`))
  }
  expect(failure(log.lines)).toMatchObject({ code: 'RangeError', attempt: 3 })
  expect(JSON.stringify(log.lines)).not.toContain('Ada')
})

test('messages of errors are logged where users said so, as one printable line', async () => {
  const { deliver, log } = delivered({
    logMessages: true,
    retry: { attempts: 1 },
    handlers: { 'order.placed': () => Promise.reject(new Error('out of\nstock')) }
  })
  await deliver()
  expect(failure(log.lines)?.message).toBe('out of\\u{a}stock')
})

test('of anything that is thrown there are at most ten places, and never a part of its message', () => {
  const evil = fc.constantFrom(
    'Ada\n    at Ada (/Ada/Lovelace:1:2)',
    '\n    at /Ada/Lovelace:1:2\n',
    'Error: Ada\n    at file:///Ada/Lovelace:1:2'
  )
  const thrower = (message: string, name: string, later: string | undefined, deep: number): unknown => {
    if (deep > 0) return thrower(message, name, later, deep - 1)
    const error = new Error(message)
    error.name = name
    if (later !== undefined) error.message = later
    return error
  }
  fc.assert(
    fc.property(
      fc.oneof(evil, anyText()),
      fc.constantFrom('Error', 'OutOfStock', 'Ada\n    at /Ada/Lovelace:1:2'),
      fc.option(fc.oneof(evil, anyText()), { nil: undefined }),
      fc.nat(20),
      (message, name, later, deep) => {
        const frames = stackFrames(thrower(message, name, later, deep))
        expect(frames.length).toBeLessThanOrEqual(10)
        for (const frame of frames) {
          expect(frame).toMatch(/^[\w@./-]+:\d+:\d+$/)
          expect(frame).not.toMatch(/Ada|Lovelace|^node:|^\//)
        }
      }
    ),
    { numRuns: runs(500) }
  )
})

test('where an error says nothing its cause does, and what is no error has no places', () => {
  const cause = new TypeError('no')
  const error = Object.assign(new Error('wrapped', { cause }), { stack: 'Error: wrapped' })
  expect(stackFrames(error)[0]).toContain(here)
  for (const thrown of [
    'a text',
    undefined,
    null,
    { stack: 'Error: x\n    at /a:1:2' },
    Object.create(Error.prototype)
  ])
    expect(stackFrames(thrown)).toEqual([])
})

test('packages are named without the way to them', () => {
  const error = new Error('no')
  error.stack = [
    'Error: no',
    '    at Client.query (/srv/app/node_modules/pg/lib/client.js:12:3)',
    '    at async file:///srv/app/node_modules/@scope/name/index.js?v=1:4:5',
    '    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)',
    '    at new Promise (<anonymous>)',
    `    at async handler (${process.cwd()}/handlers.ts:7:8)`
  ].join('\n')
  expect(stackFrames(error)).toEqual(['pg/lib/client.js:12:3', '@scope/name/index.js:4:5', 'handlers.ts:7:8'])
})
