import { randomUUID } from 'node:crypto'
import { describe, expectTypeOf, it } from 'vitest'
import { type Bus, createBus, memoryStore } from '../../../producers/bus/index.ts'
import type { EventToPublish, KafkaReceipt, Producer, Publisher, Receipt } from '../../../producers/index.ts'
import { catalogue, type Events } from '../../../schemas/catalogue/index.ts'

describe('types', () => {
  it('let a service take either publisher', () => {
    expectTypeOf<Producer<Events>>().toExtend<Publisher<Events>>()
    expectTypeOf<Bus<Events>>().toExtend<Publisher<Events>>()
    expectTypeOf<ReturnType<Producer['publish']>>().toEqualTypeOf<Promise<KafkaReceipt>>()
    expectTypeOf<ReturnType<Bus['publish']>>().toEqualTypeOf<Promise<Receipt>>()
  })

  it('know the events of the catalogue and what they carry', () => {
    type Publish = Publisher<Events>['publish']
    expectTypeOf<Parameters<Publish>[0]>().toEqualTypeOf<'badge.awarded' | 'lesson.published' | 'quiz.submitted'>()
    type Lesson = Extract<EventToPublish<Events>, { eventName: 'lesson.published' }>
    expectTypeOf<Lesson['payload']>().toEqualTypeOf<Events['lesson.published']['input']>()
    // A field with a default may be left out.
    expectTypeOf<{ lesson_id: string; instructor_id: string; course_id: string }>().toExtend<Lesson['payload']>()
    const publisher = createBus({ catalogue, store: memoryStore() })
    const id = randomUUID()
    const badge = { badge_id: id, awarded_to: id, reason: '' }
    const quiz = { submission_id: id, student_id: id, quiz_id: id, score_raw: '1' }
    const wrong = async (): Promise<void> => {
      // @ts-expect-error: no such event
      await publisher.publish('lesson.publish', id, badge)
      // @ts-expect-error: the score is a number
      await publisher.publish('quiz.submitted', id, quiz)
      // @ts-expect-error: no such field
      await publisher.publish('badge.awarded', id, { ...badge, colour: '' })
      // @ts-expect-error: the payload is that of another event
      await publisher.publishAll([{ eventName: 'quiz.submitted', aggregateId: id, payload: badge }])
    }
    expectTypeOf(wrong).toBeFunction()
  })

  it('say which envelopes subscribers get', () => {
    const read = async (bus: Bus<Events>): Promise<void> => {
      for await (const item of bus.subscribe('indexer', { eventNames: ['lesson.published'] })) {
        if (item.kind === 'lagged') expectTypeOf(item.missed).toBeNumber()
        else {
          expectTypeOf(item.envelope.event_name).toEqualTypeOf<'lesson.published'>()
          expectTypeOf(item.envelope.payload.title).toBeString()
        }
      }
      for await (const item of bus.subscribe('audit')) {
        if (item.kind === 'event' && item.envelope.event_name === 'quiz.submitted')
          expectTypeOf(item.envelope.payload.score_raw).toBeNumber()
      }
    }
    expectTypeOf(read).toBeFunction()
  })
})
