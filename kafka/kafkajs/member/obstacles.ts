import { type KafkaError, strangerInGroup } from '../../errors.ts'
import type { Right } from '../../rights.ts'
import { protocolErrorOf, refusalIn, toKafkaError } from '../errors.ts'

/** The rights of a member of a group: on the group itself, and on the topics that it commits offsets of. */
export const readRights = (group: string, principal: string | undefined): readonly Right[] => [
  { operation: 'READ', resource: 'group', name: group, principal },
  { operation: 'READ', resource: 'topic', principal }
]

/** What keeps a member out of its group until others act: members of another kind, a missing right, TLS, the login. */
export function obstacleIn(
  ended: Error | 'topics changed',
  group: string,
  principal: string | undefined
): KafkaError | undefined {
  switch (protocolErrorOf(ended)) {
    case 'INCONSISTENT_GROUP_PROTOCOL':
      return strangerInGroup(group, ended)
    case 'GROUP_AUTHORIZATION_FAILED':
      return toKafkaError(ended, `joining group ${group}`, readRights(group, principal))
    default:
      return refusalIn(ended)
  }
}
