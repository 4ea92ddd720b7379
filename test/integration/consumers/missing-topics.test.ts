import { expect, onTestFinished, test } from 'vitest'
import { createLogger } from '../../../cli/log.ts'
import { createConsumerGroup } from '../../../consumers/index.ts'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { eventually } from '../../support/stack.ts'
import { badge, testTrail } from '../../support/trail.ts'

test('a group whose topics do not exist says so once, is not ready, and reads them once they exist', async () => {
  const trail = await testTrail()
  const lines: Record<string, unknown>[] = []
  const log = createLogger({ level: 'warn', destination: { write: line => lines.push(JSON.parse(line)) } })
  const handled: string[] = []
  const group = createConsumerGroup({
    ...{ connection: trail.connection, topicPrefix: trail.topicPrefix, catalogue, log },
    group: 'early',
    topicRefreshMs: 300,
    handlers: { 'badge.awarded': ({ event_name }) => void handled.push(event_name) }
  })
  onTestFinished(() => group.close())
  await group.start()
  const nothing = 'it reads nothing: none of its topics can be read in Kafka'
  await eventually(() => group.health().notReady.includes(nothing), { what: 'it is not ready, and says why' })
  const told = () => lines.filter(({ msg }) => String(msg).startsWith('topics of this group are not in Kafka'))
  expect(told()).toMatchObject([{ topics: [`${trail.topicPrefix}badge.awarded`] }])

  await trail.offer('badge.awarded')
  await trail.publish([badge()])
  await eventually(() => handled.length === 1, { what: 'the event is handled' })
  await eventually(() => group.health().notReady.length === 0, { what: 'it is ready' })
  expect(told()).toHaveLength(1)
})
