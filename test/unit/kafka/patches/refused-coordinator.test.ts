import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { nameRefusedCoordinators } from '../../../../kafka/kafkajs/patches/refused-coordinator.ts'

interface Question {
  readonly groupId: string
}
interface Cluster {
  findGroupCoordinator(question: Question): Promise<unknown>
}
type Find = (question: Question) => Promise<unknown>

const require = createRequire(import.meta.url)
const { prototype: cluster } = require('kafkajs/src/cluster') as { prototype: Cluster }
const { prototype: broker } = require('kafkajs/src/broker') as { prototype: { findGroupCoordinator: Find } }
const createRetry = require('kafkajs/src/retry') as (options: object) => unknown
const { createErrorFromCode } = require('kafkajs/src/protocol/error') as { createErrorFromCode(code: number): Error }

nameRefusedCoordinators.apply()

const silence = () => undefined
const refresh = async () => undefined

/** A cluster of two brokers, whose answer to the question for a coordinator is an error. */
function refusing(code: number) {
  let asked = 0
  const names = [
    ...Object.getOwnPropertySymbols(broker),
    ...Object.getOwnPropertySymbols(Object.getPrototypeOf(broker))
  ]
  const send = names.find(name => name.description === 'private:Broker:sendRequest')
  const answering = Object.assign(Object.create(broker) as { findGroupCoordinator: Find }, {
    lookupRequest: () => () => ({}),
    ...(send && {
      [send]: async () => {
        asked += 1
        throw createErrorFromCode(code)
      }
    })
  })
  const made = Object.assign(Object.create(cluster) as Cluster, {
    logger: { debug: silence },
    retrier: createRetry({ retries: 0, initialRetryTime: 1 }),
    refreshMetadata: refresh,
    brokerPool: {
      // As kafkajs's own: an error of one broker is a reason to ask the next.
      async withBroker(ask: (which: { nodeId: string; broker: typeof answering }) => Promise<unknown>) {
        for (const nodeId of ['1', '2'])
          try {
            return await ask({ nodeId, broker: answering })
          } catch {}
        return null
      }
    }
  })
  return { cluster: made, asked: () => asked }
}

test.each([
  [30, 'GROUP_AUTHORIZATION_FAILED'],
  [53, 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED']
])('error %i of a coordinator is thrown as %s, after one question', async (code, type) => {
  const { cluster, asked } = refusing(code)
  await expect(cluster.findGroupCoordinator({ groupId: 'g' })).rejects.toMatchObject({ type })
  expect(asked()).toBe(1)
})

test('any other error is still a reason to ask the next broker', async () => {
  const { cluster, asked } = refusing(-1)
  await expect(cluster.findGroupCoordinator({ groupId: 'g' })).rejects.toThrow('Failed to find group coordinator')
  expect(asked()).toBe(2)
})
