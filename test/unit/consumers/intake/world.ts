import { Gate } from '../../../../consumers/intake/gate.ts'
import { CurrentAssignment } from '../../../../consumers/progress/assignment.ts'

/** The partitions of a member, and what its Kafka client was asked for. */
export function partitionsOf(topics: Readonly<Record<string, readonly number[]>>) {
  const stopping = new AbortController()
  const assignment = new CurrentAssignment(stopping.signal)
  assignment.replace(new Map(Object.entries(topics)))
  const paused = new Set<string>()
  const seeks: string[] = []
  const forgotten: string[] = []
  const lifted: string[] = []
  const gate = new Gate({
    consumer: {
      pause: (topic, partition) => void paused.add(`${topic}/${partition}`),
      resume: (topic, partition) => void paused.delete(`${topic}/${partition}`),
      seek: (topic, partition, offset) => void seeks.push(`${topic}/${partition}@${offset}`)
    },
    forget: ({ topic, partition }) => void forgotten.push(`${topic}/${partition}`),
    onLifted: ({ topic, partition }) => void lifted.push(`${topic}/${partition}`)
  })
  const of = (topic: string, partition: number) => {
    const source = assignment.get(topic, partition)
    if (!source) throw new Error(`${topic}/${partition} is not assigned`)
    return source
  }
  return { assignment, gate, paused, seeks, forgotten, lifted, of, stopping }
}
