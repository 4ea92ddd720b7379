import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { createLogger } from '../../../cli/log.ts'
import { RejectMessage } from '../../../consumers/index.ts'
import { groupMetrics } from '../../../consumers/metrics.ts'
import { controlTopics, reportsTopicOf } from '../../../control/index.ts'
import { createPrometheusMeter } from '../../../observability/prometheus/prometheus.ts'
import { eventually } from '../../support/stack.ts'
import { badge, testSchool } from './school.ts'

const school = await testSchool()

test.each(['gzip', 'snappy', 'lz4', 'zstd'])('case 24: batches of %s are handled', async codec => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  const topic = `${term.topicPrefix}badge.awarded`
  await school.admin.deleteTopics([topic])
  // Kafka itself compresses what it stores, whatever was sent.
  const spec = { topic, partitions: 1, replicationFactor: 1, config: { 'compression.type': codec } }
  await eventually(async () => (await school.admin.createTopics([spec])).length === 1, { what: 'it is made again' })
  const reasons = Array.from({ length: 100 }, (_, n) => `${'the same words again and again '.repeat(n % 40)}${n}`)
  const records = await Promise.all(reasons.map(reason => term.encode(badge(randomUUID(), reason))))
  await using sender = await school.client.connectSender()
  const [result] = await sender.send([{ topic, partition: 0, records }])
  expect(result).not.toHaveProperty('error')
  const handled: string[] = []
  const group = await term.group({
    group: 'decompressing',
    handlers: { 'badge.awarded': ({ payload }) => void handled.push(payload.reason) }
  })
  await group.whenCaughtUp()
  expect(group.stats()).toMatchObject({ handled: 100, deadLettered: 0 })
  expect(handled.toSorted()).toEqual(reasons.toSorted())
})

test('case 35: personal data of events that fail is in no line of a log, metric, report, health reason or header of a letter', async () => {
  const term = school.enrol()
  await term.offer('badge.awarded', 1)
  await school.admin.createTopics(controlTopics(term.topicPrefix, 1))
  const canary = `canary-${randomUUID()}`
  const student = randomUUID()
  const lines: string[] = []
  const meter = createPrometheusMeter({ metrics: groupMetrics })
  const failure = () => Object.assign(new TypeError(`${canary} is no mailbox`), { code: canary, detail: { student } })
  const group = await term.group({
    group: 'leaking',
    log: createLogger({ level: 'debug', destination: { write: line => lines.push(line) } }),
    meter,
    version: '1.2.3',
    breaker: { window: 4 },
    retry: { attempts: 2, initialMs: 5, maxMs: 10 },
    onFailure: () => {
      throw failure()
    },
    handlers: {
      'badge.awarded': ({ payload }, { attempt }) => {
        if (payload.reason.endsWith('string')) throw canary
        if (payload.reason.endsWith('cause')) throw new Error('no', { cause: failure() })
        // The reason is the handler's own words, and kept.
        if (attempt === 2 && payload.reason.endsWith('rejected')) throw new RejectMessage('no such mailbox', failure())
        throw failure()
      }
    }
  })
  const facts = { aggregateId: student, headers: [['source', canary]] as [string, string][] }
  for (const kind of ['string', 'cause', 'rejected', 'other'])
    await term.publish(badge(student, `${canary} ${kind}`, facts))
  await term.send('badge.awarded', { key: student, value: Buffer.from(`no event ${canary}`) })
  await eventually(() => group.stats().deadLettered >= 3, { what: 'they are dead-lettered' })
  await eventually(() => group.stats().stoppedTopics === 1, { what: 'the topic is stopped' })
  const letters = await school.read(group.deadLetterTopic, group.stats().deadLettered)
  const reports = await school.read(reportsTopicOf(term.topicPrefix), 1)
  const said = [
    ...lines,
    (await meter.text()).body,
    JSON.stringify(group.health()),
    ...reports.map(({ key, value }) => `${key} ${value}`),
    ...letters.flatMap(({ headers }) =>
      Object.entries(headers).flatMap(([name, value]) => (name === 'source' ? [] : [`${name}: ${value}`]))
    )
  ].join('\n')
  expect(lines.length).toBeGreaterThan(5)
  for (const known of ['TypeError', 'dead-letter-reason: no such mailbox']) expect(said).toContain(known)
  for (const secret of [canary, student]) expect(said).not.toContain(secret)
  // What the publisher sent is kept whole, in the letter alone.
  expect(letters.map(({ headers }) => String(headers.source)).slice(0, 3)).toEqual([canary, canary, canary])
})
