import { randomUUID } from 'node:crypto'
import { redriveHeaders, redriveTopicOf } from '../../../../consumers/index.ts'
import { type KafkaRecord, type OutgoingRecord, partitionFor, type Sender } from '../../../../kafka/index.ts'

type Letter = Pick<KafkaRecord, 'key' | 'value' | 'headers' | 'offset'>

/** Sends dead letters to their group again, as an operator does: all bytes as they are. */
export async function redrive(
  sender: Sender,
  deadLetterTopic: string,
  letters: readonly Letter[],
  { action = randomUUID().slice(0, 8), end }: { readonly action?: string; readonly end?: number } = {}
): Promise<void> {
  const topic = redriveTopicOf(deadLetterTopic)
  const records: OutgoingRecord[] = letters.map(({ key, value, headers, offset }) => ({
    key,
    value,
    headers: [
      ...headers,
      [redriveHeaders.of, `topic/${offset}`],
      [redriveHeaders.action, action],
      [redriveHeaders.count, '1']
    ]
  }))
  const [last] = letters.toReversed()
  if (end !== undefined && last) {
    const place = last.headers.filter(([name]) => /^dead-letter-(group|topic|partition)$/.test(name))
    const marks = [
      [redriveHeaders.action, action],
      [redriveHeaders.end, String(end)]
    ] as const
    records.push({ key: last.key, value: null, headers: [...place, ...marks] })
  }
  const partitions = await sender.partitionsOf(topic)
  for (const record of records) {
    const partition = partitionFor(record.key as Buffer, partitions)
    const [result] = await sender.send([{ topic, partition, records: [record] }])
    if (result && 'error' in result) throw result.error
  }
}
