/** The example catalogue: three events of a school, used only where asked for. */
export {
  type BadgeAwarded,
  catalogue,
  type Events,
  type LessonPublished,
  type LessonPublishedInput,
  type QuizSubmitted
} from './events.ts'
export { fieldMeanings } from './fields.ts'
