/** The day at school that is published. */
export { Pace, Stall } from './pace.ts'
export { below, randomFrom } from './random.ts'
export { type School, schoolOf } from './school.ts'
export { firstMailed, publishedBy, type SchoolEvent, schoolDay } from './school-day.ts'
