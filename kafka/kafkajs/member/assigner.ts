import kafkajs, { type PartitionAssigner } from 'kafkajs'
import { assignPartitions } from '../../assignment.ts'

const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol

const version = 0

/**
 * The wire around {@link assignPartitions}: kafkajs calls it on the member that leads the group.
 * @param protocol Kafka lets only members of one protocol into a group: a handler's group that has the name of a sink's
 *   would otherwise take partitions that are then not stored.
 * @param about what this member says of itself
 */
export const subscribersOnly =
  (protocol: string, about: Buffer = Buffer.alloc(0)): PartitionAssigner =>
  ({ cluster }) => ({
    name: protocol,
    version,

    async assign({ members }) {
      const readers = members.map(({ memberId, memberMetadata }) => ({
        memberId,
        topics: MemberMetadata.decode(memberMetadata)?.topics ?? []
      }))
      const topics = [...new Set(readers.flatMap(({ topics }) => topics))]
      // At once: kafkajs copies the list of all topics for each call.
      await cluster.addMultipleTargetTopics(topics).catch(async () => {
        // One that just vanished must not keep the others from their partitions.
        for (const topic of topics) await cluster.addTargetTopic(topic).catch(() => undefined)
      })
      const assignment = assignPartitions(readers, topic =>
        cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId)
      )
      return [...assignment].map(([memberId, byTopic]) => ({
        memberId,
        memberAssignment: MemberAssignment.encode({
          version,
          assignment: Object.fromEntries(byTopic),
          userData: Buffer.alloc(0)
        })
      }))
    },

    protocol: ({ topics }) => ({
      name: protocol,
      metadata: MemberMetadata.encode({ version, topics, userData: about })
    })
  })
