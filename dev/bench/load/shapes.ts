import { randomUUID } from 'node:crypto'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { type AvroRecord, catalogueOf, type EventVersion } from '../../../schemas/index.ts'

/** What may be wrong with a record on purpose. */
export type Flaw = 'duplicate' | 'undecodable' | 'refused'

/** Events as a contender meets them. */
export interface Shape {
  readonly name: string
  /** For the page. */
  readonly about: string
  /** Every version to register, by event name, oldest first; events are of the last one. */
  readonly events: readonly (readonly EventVersion[])[]
  /** Of each topic. */
  readonly partitions: number
  /** Share of the benchmark's rows that this shape has. */
  readonly share: number
  /** Payload of an event. */
  readonly payload: (event: EventVersion, random: () => number) => Record<string, unknown>
  /** What is wrong with the record of this number (from 0). */
  readonly flaw?: (index: number) => Flaw | undefined
}

const school = ['lesson.published', 'quiz.submitted', 'badge.awarded'].map(name => catalogue.versions(name))

/** The events of the example catalogue, in even parts. */
export function plainShape(name = 'plain', partitions = 6): Shape {
  return {
    name,
    about: `three event names, ${partitions} partitions each, about 250 bytes a record`,
    events: school,
    partitions,
    share: 1,
    payload: schoolPayload
  }
}

/** One event name of those. */
export function quizShape(name: string, partitions = 6): Shape {
  const events = school.filter(([version]) => version?.eventName === 'quiz.submitted')
  return { ...plainShape(name, partitions), about: `one event name, ${partitions} partitions`, events }
}

const documentRecord: AvroRecord = {
  type: 'record',
  name: 'Document',
  fields: [
    { name: 'document_id', type: { type: 'string', logicalType: 'uuid' } },
    { name: 'author_id', type: { type: 'string', logicalType: 'uuid' } },
    { name: 'language', type: 'string' },
    { name: 'words', type: 'int' },
    { name: 'readability', type: 'double' },
    { name: 'tags', type: { type: 'array', items: 'string' } },
    { name: 'text', type: 'string' }
  ]
}

/** The shapes of `bench sink`. */
export const shapes: Readonly<Record<'plain' | 'large' | 'many-names' | 'duplicates' | 'poison', Shape>> = {
  plain: plainShape(),
  large: {
    name: 'large',
    about: 'three event names, payloads of 2 KB with a text, an array and numbers; a fifth of the rows',
    events: ['lesson.transcribed', 'essay.submitted', 'forum.posted'].map(eventName =>
      catalogueOf({ [eventName]: [documentRecord] }).versions(eventName)
    ),
    partitions: 6,
    share: 0.2,
    payload: documentPayload
  },
  'many-names': manyNames(200),
  duplicates: {
    ...plainShape('duplicates'),
    about: 'as plain, and one record in a hundred is in Kafka a second time, close by or 30,000 records later',
    flaw: index => (index % 100 === 99 ? 'duplicate' : undefined)
  },
  poison: {
    ...plainShape('poison'),
    about: 'as plain, and one record in a hundred is bad: half cannot be decoded, half only Postgres refuses (U+0000)',
    // Prime to the three event names, so that the bad ones are not all of one topic.
    flaw: index => (index % 200 === 99 ? 'undecodable' : index % 200 === 199 ? 'refused' : undefined)
  }
}

/** As plain, under so many event names. */
export function manyNames(count: number, name = 'many-names'): Shape {
  const [lesson] = school
  const record = lesson?.at(-1)?.payload as AvroRecord
  return {
    ...plainShape(name),
    about: `${count} event names with 6 partitions each, few events in each`,
    events: Array.from({ length: count }, (_, index) => {
      const eventName = `school.event${index}`
      return catalogueOf({ [eventName]: [record] }).versions(eventName)
    }),
    payload: lessonPayload
  }
}

const words =
  'the students of this course read about fractions, plants and the tides; they measured, drew and "explained" what they saw – für alle\n'.split(
    ' '
  )

function sentence(length: number, random: () => number): string {
  let text = ''
  while (text.length < length) text += `${words[Math.floor(random() * words.length)]} `
  return text.slice(0, length)
}

function schoolPayload(event: EventVersion, random: () => number): Record<string, unknown> {
  if (event.eventName === 'quiz.submitted') {
    return {
      submission_id: randomUUID(),
      student_id: randomUUID(),
      quiz_id: randomUUID(),
      score_raw: Math.round(random() * 1000) / 10
    }
  }
  if (event.eventName === 'badge.awarded')
    return { badge_id: randomUUID(), awarded_to: randomUUID(), reason: sentence(20 + random() * 30, random) }
  return lessonPayload(event, random)
}

function lessonPayload(_: EventVersion, random: () => number): Record<string, unknown> {
  return {
    lesson_id: randomUUID(),
    instructor_id: randomUUID(),
    course_id: randomUUID(),
    title: sentence(10 + random() * 30, random)
  }
}

function documentPayload(_: EventVersion, random: () => number): Record<string, unknown> {
  return {
    document_id: randomUUID(),
    author_id: randomUUID(),
    language: 'en',
    words: Math.floor(random() * 400),
    readability: random() * 100,
    tags: ['school', 'homework', sentence(8, random)],
    text: sentence(1_750 + random() * 100, random)
  }
}

/** Numbers from 0 to 1 that are the same with each run (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
