import brokerModule from 'kafkajs/src/broker/index.js'
import clusterModule from 'kafkajs/src/cluster/index.js'
import { protocolErrorOf } from '../errors.ts'
import { type Patch, type PrivateClass, patch, replace } from './patch.ts'

interface Question {
  readonly groupId: string
  readonly coordinatorType?: number
}

/** What kafkajs makes of a broker's answer; `refusal` is ours. */
interface Coordinator {
  readonly coordinator: { readonly nodeId: number }
  readonly refusal?: unknown
}

type Find = (question: Question) => Promise<Coordinator>

const refusals = new Set(['GROUP_AUTHORIZATION_FAILED', 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED'])

/** Gives a refusal back as an answer: what a broker throws, kafkajs takes for a reason to ask the next one. */
async function answeringRefusals(find: () => Promise<Coordinator>): Promise<Coordinator> {
  try {
    return await find()
  } catch (error) {
    if (!refusals.has(protocolErrorOf(error) ?? '')) throw error
    return { coordinator: { nodeId: -1 }, refusal: error }
  }
}

/** Throws the refusal that came as an answer. */
async function throwingRefusals(find: () => Promise<Coordinator>): Promise<Coordinator> {
  const found = await find()
  if (found.refusal !== undefined) throw found.refusal
  return found
}

export const nameRefusedCoordinators: Patch = patch(
  {
    fixes:
      'Where Kafka does not let a client see a group or a transactional id, kafkajs loses the answer (GROUP_AUTHORIZATION_FAILED) and says "Failed to find group coordinator", again and again.',
    issues: []
  },
  () => {
    const { prototype: broker } = brokerModule as PrivateClass<{ findGroupCoordinator: Find }>
    replace(
      broker,
      'findGroupCoordinator',
      find =>
        function (this: unknown, question) {
          return answeringRefusals(() => find.call(this, question))
        }
    )
    const { prototype: cluster } = clusterModule as PrivateClass<{ findGroupCoordinatorMetadata: Find }>
    replace(
      cluster,
      'findGroupCoordinatorMetadata',
      find =>
        function (this: unknown, question) {
          return throwingRefusals(() => find.call(this, question))
        }
    )
  }
)
