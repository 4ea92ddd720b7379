import { createRequire } from 'node:module'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { endStoppedRunners } from '../../../../kafka/kafkajs/patches/stopped-runner.ts'

interface Runner {
  running: boolean
  fetch(nodeId: string): Promise<unknown[]>
}
interface FetchManager {
  start(): Promise<void>
  stop(): Promise<void>
}
type CreateFetchManager = (options: {
  logger: object
  getNodeIds: () => string[]
  fetch: (nodeId: string) => Promise<unknown[]>
  handler: () => Promise<void>
}) => FetchManager

const require = createRequire(import.meta.url)
const { prototype } = require('kafkajs/src/consumer/runner') as { prototype: Runner }
const createFetchManager = require('kafkajs/src/consumer/fetchManager') as CreateFetchManager
const silence = () => undefined
const logger: object = { namespace: () => logger, debug: silence, info: silence, warn: silence, error: silence }

// Without the fix this never ends, and no timeout of a test can end it either.
test('a consumer that is stopped while the list of brokers changes fetches no more', async () => {
  endStoppedRunners.apply()
  let nodes = ['1', '2']
  const answer = Promise.withResolvers<unknown[]>()
  const consumerGroup = { fetch: async (nodeId: string) => (nodeId === '1' ? [] : answer.promise) }
  const runner = Object.assign(Object.create(prototype) as Runner, {
    running: true,
    logger,
    consumerGroup,
    instrumentationEmitter: { emit: silence },
    heartbeat: () => turn()
  })
  const handler = async () => undefined
  const manager = createFetchManager({ logger, getNodeIds: () => nodes, fetch: id => runner.fetch(id), handler })
  const ended = manager.start().catch((error: Error) => error.message)
  await turn()
  // The first fetcher notices; the new ones have to wait until the second one's answer has come.
  nodes = ['1', '2', '3']
  await turn()
  await turn()
  runner.running = false
  const stopped = manager.stop()
  answer.resolve([])
  await stopped
  expect(await ended).toBe('the consumer was stopped')
})
