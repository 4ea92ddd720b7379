/** Three example events of a school, for trying things out: the catalogue that `--example` means. */

export {
  type BadgeAwarded,
  catalogue,
  type Events,
  type LessonPublished,
  type LessonPublishedInput,
  type QuizSubmitted
} from '../schemas/catalogue/index.ts'
