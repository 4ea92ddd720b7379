import { describe } from 'vitest'
import { adminConformance } from './kafka/admin.ts'
import { logReaderConformance } from './kafka/log-reader.ts'
import { memberConformance } from './kafka/member.ts'
import { senderConformance } from './kafka/sender.ts'
import { type KafkaUnderTest, kafkaFixture } from './kafka/under-test.ts'

/** What every implementation of the Kafka port promises, on a real cluster. */
export function kafkaConformance(name: string, under: KafkaUnderTest): void {
  describe(`${name} as a client of Kafka`, () => {
    const fixture = kafkaFixture(under)
    adminConformance(fixture)
    senderConformance(fixture)
    logReaderConformance(fixture)
    memberConformance(fixture)
  })
}
