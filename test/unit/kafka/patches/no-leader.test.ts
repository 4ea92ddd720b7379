import { expect, test } from 'vitest'
import { type MetadataAnswer, toleratingNoLeader } from '../../../../kafka/kafkajs/patches/no-leader.ts'

const answer = (...codes: number[]): Required<Pick<MetadataAnswer, 'topicMetadata'>> & MetadataAnswer => ({
  topicMetadata: codes.map(partitionErrorCode => ({ partitionMetadata: [{ partitionErrorCode, leader: -1 }] }))
})
const parse = async (given: ReturnType<typeof answer>) => {
  const faults = given.topicMetadata.flatMap(topic => topic.partitionMetadata.map(each => each.partitionErrorCode))
  if (faults.some(code => code !== 0)) throw new Error(`refused ${faults.join()}`)
  return given
}

test('a partition without a leader fails no look at the metadata, and every other fault still does', async () => {
  const tolerant = toleratingNoLeader(parse)
  await expect(tolerant(answer(0, 5, 0))).resolves.toEqual(answer(0, 0, 0))
  await expect(tolerant(answer(0, 5, 3))).rejects.toThrow('refused 0,0,3')
  // Of a cluster without any broker nothing is true yet.
  await expect(tolerant({ controllerId: -1, ...answer(0, 5) })).rejects.toThrow('refused 0,5')
  const whole = answer(0, 0)
  await expect(tolerant(whole)).resolves.toBe(whole)
  // What is asked for by a question of our own has another form.
  const ours = {} as ReturnType<typeof answer>
  await expect(toleratingNoLeader(async (given: typeof ours) => given)(ours)).resolves.toBe(ours)
})
