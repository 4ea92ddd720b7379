import type { KafkaRecord, OutgoingRecord } from '../../../kafka/index.ts'
import { deadLetterHeaders, redriveHeaders } from '../headers.ts'

/** Names a dead letter whatever becomes of its topic. */
export interface LetterName {
  readonly topicId: string
  readonly offset: number
}

export const nameOfLetter = ({ topicId, offset }: LetterName): string => `${topicId}/${offset}`

const { of, action, count, end } = redriveHeaders
const replaced: ReadonlySet<string> = new Set([of, action, count, end])

/** A letter as it is redriven: its bytes as they are, and which letter and action it is of. */
export function redrivenRecord(
  letter: KafkaRecord,
  {
    topicId,
    action,
    redriveCount
  }: { readonly topicId: string; readonly action: number; readonly redriveCount: number }
): OutgoingRecord {
  return {
    key: letter.key,
    value: letter.value,
    headers: [
      ...letter.headers.filter(([name]) => !replaced.has(name)),
      [redriveHeaders.of, nameOfLetter({ topicId, offset: letter.offset })],
      [redriveHeaders.action, String(action)],
      [redriveHeaders.count, String(redriveCount + 1)]
    ]
  }
}

/** After the last letter of an aggregate that is parked: its lane has all of them once it reaches this. */
export interface EndMarker {
  readonly group: string
  readonly topic: string
  readonly partition: number
  readonly key: Buffer | null
  /** The source offset of the last letter. */
  readonly through: number
}

export const endMarker = ({ group, topic, partition, key, through }: EndMarker, action: number): OutgoingRecord => ({
  key,
  value: null,
  headers: [
    [deadLetterHeaders.group, group],
    [deadLetterHeaders.topic, topic],
    [deadLetterHeaders.partition, String(partition)],
    [redriveHeaders.action, String(action)],
    [redriveHeaders.end, String(through)]
  ]
})
