import kafkajs, { type Admin, type MemberDescription } from 'kafkajs'
import type { Right } from '../rights.ts'
import type { GroupDescription, GroupMember } from '../types/index.ts'
import { protocolErrorOf, toKafkaError } from './errors.ts'

const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol

/** @throws KafkaError */
export async function describeGroup(admin: Admin, group: string, right: Right): Promise<GroupDescription> {
  try {
    const { groups } = await admin.describeGroups([group])
    const [found] = groups
    if (!found) return { state: '', protocol: '', members: [] }
    const isOfConsumers = found.protocolType === 'consumer'
    const members = found.members.map(member => memberOf(member, isOfConsumers))
    return { state: found.state, protocol: found.protocol, members }
  } catch (error) {
    if (protocolErrorOf(error) === 'GROUP_ID_NOT_FOUND') return { state: 'Dead', protocol: '', members: [] }
    throw toKafkaError(error, `describing group ${group}`, [right])
  }
}

function memberOf(member: MemberDescription, isOfConsumers: boolean): GroupMember {
  const { clientId, clientHost, memberMetadata, memberAssignment } = member
  const wants = isOfConsumers ? decoded(() => MemberMetadata.decode(memberMetadata)) : undefined
  const has = isOfConsumers ? decoded(() => MemberAssignment.decode(memberAssignment)) : undefined
  return {
    clientId,
    // Kafka writes "/127.0.0.1".
    host: clientHost.replace(/^.*\//, ''),
    about: wants?.userData ?? Buffer.alloc(0),
    topics: wants?.topics ?? [],
    partitions: Object.entries(has?.assignment ?? {}).flatMap(([topic, partitions]) =>
      partitions.map(partition => ({ topic, partition }))
    )
  }
}

/** What members of other clients say of themselves is theirs: it may be anything. */
function decoded<T>(decode: () => T | null): T | undefined {
  try {
    return decode() ?? undefined
  } catch {
    return undefined
  }
}
