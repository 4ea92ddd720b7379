import { expect, test } from 'vitest'
import { type Logger, silentLogger } from '../../../../core/logger.ts'
import { createSink } from '../../../../sink/index.ts'
import { type Answering, registryFront, says } from '../../../support/schemas/registry-front.ts'
import { eventually, rerouted } from '../../../support/stack.ts'
import { lesson, testTrail } from '../../../support/trail.ts'

const byId = /\/schemas\/ids\//

const answers: readonly [string, Answering][] = [
  ['401', says(401, { error_code: 40101, message: 'Unauthorized' }, byId)],
  ['403', says(403, { error_code: 40301, message: 'Forbidden' }, byId)],
  ['400', says(400, { error_code: 400, message: 'Bad Request' }, byId)],
  ['405', says(405, '', byId)],
  ['404 without a code', says(404, {}, byId)],
  ['404 with the code of a web server', says(404, { error_code: 404, message: 'HTTP 404 Not Found' }, byId)],
  ['HTML', says(200, '<html>Log in</html>', byId)]
]

test('whatever the registry says but that it has no such schema is waited for, and no event is blamed', async () => {
  const trail = await testTrail()
  const front = await registryFront(trail.registryUrl)
  await trail.offer('lesson.published')
  // Two versions: the sink learns the latest on its way, and asks for the first when it meets it.
  const sent = await trail.publish([lesson('latest', 2), lesson('first', 1)])
  for (const [what, answering] of answers) {
    front.answer(answering)
    await trail.tamper('TRUNCATE event_envelopes, sink_offsets, sink_ledger, sink_schemas')
    await using sink = createSink({
      ...trail.sinkOptions,
      connection: rerouted(trail.connection, { registryUrl: front.url })
    })
    await sink.start()
    await eventually(() => sink.health().notReady.some(reason => reason.includes('registry')), {
      what: `${what}: it says what it waits for`
    })
    front.answer(() => false)
    await eventually(async () => (await trail.count('event_envelopes')) === sent.length, {
      what: `${what}: both are stored once it answers`
    })
    await eventually(() => sink.health().notReady.length === 0, { what: `${what}: it is ready again` })
    expect(await trail.count('sink_quarantine')).toBe(0)
  }
})

test('a registry that is away is reported in one warning, and in one line when it is back', async () => {
  const trail = await testTrail()
  const front = await registryFront(trail.registryUrl)
  await trail.offer('lesson.published')
  const lines: string[] = []
  const collect = (facts: object, message?: string) => {
    if ('server' in facts) lines.push(`${facts.server}: ${message}`)
  }
  const log: Logger = { ...silentLogger, warn: collect, info: collect, child: () => log }
  await using sink = createSink({
    ...trail.sinkOptions,
    connection: rerouted(trail.connection, { registryUrl: front.url }),
    log
  })
  await sink.start()
  const sent = await trail.publish([lesson('known', 2)])
  await eventually(async () => (await trail.count('event_envelopes')) === sent.length, { what: 'the topic is read' })
  front.answer(says(503, {}))
  await eventually(() => lines.length > 0, { what: 'the warning' })
  front.answer(() => false)
  await eventually(() => lines.length > 1, { what: 'the line when it is back' })
  expect(lines).toEqual(['the registry: server unreachable; trying again', 'the registry: server reachable again'])
})
