/** Messages that failed for good, in their topic. */
export { type DeadLetterFacts, deadLetterHeaders, type Part } from './dead-letter.ts'
export { type DeadLetterTopic, DeadLetterWriter, deadLetterTopicOf } from './dead-letters.ts'
