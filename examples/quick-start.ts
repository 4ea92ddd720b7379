import { randomUUID } from 'node:crypto'
// In your own project: from 'eventtrail/producer' and 'eventtrail/schemas'.
import { createProducer } from '../producers/index.ts'
import { catalogue } from '../schemas/catalogue/index.ts'

// Closes itself at the end of the block, after everything is acknowledged.
await using producer = createProducer({
  connection: {
    kafka: { brokers: (process.env.KAFKA_BROKERS ?? 'localhost:9092').split(',') },
    registry: { url: process.env.SCHEMA_REGISTRY_URL ?? 'http://localhost:8080/apis/ccompat/v7' }
  },
  topicPrefix: process.env.TOPIC_PREFIX ?? '',
  source: 'lesson-service',
  catalogue
})

const lesson = randomUUID()

// The compiler knows which fields this event has; the schema is checked before anything is sent.
const stored = await producer.publish('lesson.published', lesson, {
  lesson_id: lesson,
  instructor_id: randomUUID(),
  course_id: randomUUID(),
  title: 'Fractions for beginners'
})

// All in-sync replicas have it now.
process.stdout.write(`${stored.id} is at ${stored.topic}/${stored.partition}, offset ${stored.offset}\n`)
