import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createProducer } from '../../../../producers/index.ts'
import { catalogue } from '../../../../schemas/catalogue/index.ts'
import { createSink } from '../../../../sink/index.ts'
import { certificateAuthority } from '../../../support/schemas/certificates.ts'
import { secureFront } from '../../../support/schemas/secure-front.ts'
import { eventually } from '../../../support/stack.ts'
import { badge, lesson, quiz, testTrail } from '../../../support/trail.ts'

test('password and certificate of the registry rotate under load: nothing is lost, nothing is restarted', async () => {
  const trail = await testTrail()
  const [first, second] = [await certificateAuthority(), await certificateAuthority()]
  const basic = (userInfo: string) => {
    const expected = `Basic ${Buffer.from(userInfo).toString('base64')}`
    return (given: string | undefined) => given === expected
  }
  const front = await secureFront(trail.registryUrl, {
    certificate: await first.issue(),
    isLogin: basic('sink:one')
  })
  const passwordFile = join(first.folder, 'password')
  const caFile = join(first.folder, 'trusted.pem')
  writeFileSync(passwordFile, 'one\n')
  writeFileSync(caFile, first.ca)
  const connection = {
    ...trail.connection,
    registry: {
      url: front.url,
      tls: { ca: { file: caFile } },
      auth: { basic: { username: 'sink', password: { file: passwordFile } } }
    }
  }
  await trail.offer('lesson.published')
  await using sink = createSink({ ...trail.sinkOptions, connection })
  await sink.start()
  await using producer = createProducer({ connection, catalogue, topicPrefix: trail.topicPrefix, source: 'test' })
  const published: Promise<unknown>[] = []
  const publish = (event: ReturnType<typeof badge | typeof lesson | typeof quiz>) =>
    published.push(
      (producer.publish as (name: string, aggregateId: string, payload: object) => Promise<unknown>)(
        event.eventName,
        randomUUID(),
        event.payload as object
      )
    )
  const stored = async () => (await trail.count('event_envelopes')) === published.length
  for (let i = 0; i < 50; i += 1) publish(lesson(`before ${i}`))
  await eventually(stored, { what: 'what was published before' })

  // The server changes first: until the files follow, sink and producer wait.
  front.login(basic('sink:two'))
  front.rotate(await second.issue())
  for (let i = 0; i < 50; i += 1) publish(lesson(`meanwhile ${i}`))
  await eventually(() => sink.health().notReady.some(reason => reason.includes('registry')), {
    what: 'the sink says that the registry fails'
  })
  writeFileSync(caFile, first.ca + second.ca)
  writeFileSync(passwordFile, 'two\n')
  // Schemas that neither has met yet need the registry.
  await trail.offer('badge.awarded')
  await trail.offer('quiz.submitted')
  for (let i = 0; i < 50; i += 1) publish(i % 2 === 0 ? badge() : quiz(i))
  await Promise.all(published)
  await eventually(stored, { what: 'all that was published' })
  await eventually(() => sink.health().notReady.length === 0, { what: 'the sink is ready again' })
  expect(await trail.count('sink_quarantine')).toBe(0)
})
