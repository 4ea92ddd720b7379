/** The example catalogue: three events of a school, used only where asked for. */
export { type BadgeAwarded, type Events, type LessonPublished, type LessonPublishedInput, type QuizSubmitted, catalogue } from './events.ts'
