import { v5 } from 'uuid'
import { below, fractionOf } from './random.ts'

// Any constant will do: ids of this school are derived from it, so that the same seed gives the same people.
const namespace = '6f1d3c52-6f0b-5d0e-9a6e-1a3b0c7d2e94'

const subjects = {
  Mathematics: ['Fractions', 'Pythagoras', 'Probability', 'Quadratics', 'Symmetry'],
  Biology: ['Photosynthesis', 'Mitosis', 'Food webs', 'Enzymes', 'Heredity'],
  History: ['Feudalism', 'Renaissance', 'Silk Road', 'Suffrage', 'Decolonisation'],
  Physics: ['Momentum', 'Refraction', 'Magnetism', 'Half-life', 'Pendulums'],
  English: ['Sonnets', 'Metaphor', 'Punctuation', 'Debating', 'Biography'],
  Geography: ['Glaciers', 'Monsoon', 'Megacities', 'Volcanoes', 'Coastlines'],
  Chemistry: ['Titration', 'Isotopes', 'Electrolysis', 'Polymers', 'Catalysts'],
  Music: ['Counterpoint', 'Syncopation', 'Gamelan', 'Orchestration', 'Blues']
} as const

const forms = ['an introduction', 'worked examples', 'practice', 'a closer look', 'revision for the test'] as const

/** People and things in the school of a seed: all of it follows from numbers. */
export interface School {
  readonly students: number
  readonly courses: number
  lesson(number: number): Lesson
  student(number: number): Student
  /** Number of a student who takes the course; `fraction` says which one. */
  studentOfCourse(course: number, fraction: number): number
  /** A UUID that belongs to a kind of thing and a number. */
  id(kind: 'lesson' | 'course' | 'instructor' | 'quiz' | 'submission' | 'badge', number: number): string
  /** The `traceparent` of a request. */
  trace(number: number): string
}

export interface Lesson {
  readonly course: number
  readonly instructor: number
  /** The word or words that a search finds it by: no other topic shares them. */
  readonly topic: string
  readonly title: string
  /** From 0.7 (hard) to 1.1: what the marks of its quiz are multiplied by. */
  readonly ease: number
  /** Version of `lesson.published` that its publisher speaks: a fifth still use the one without a title. */
  readonly version: 1 | 2
}

export interface Student {
  readonly id: string
  /** Mean mark, 0 to 100. */
  readonly ability: number
  /** Whether the platform may write to this student, that is, whether the recipients hold an address. */
  readonly wantsMail: boolean
  readonly name: string
  readonly address: string
}

/** One student in ten gets mail: the demo has to end while someone watches. */
const mailedShare = 0.1

export function schoolOf(seed: string, events: number): School {
  const students = clamp(Math.round(events / 30), 20, 5_000)
  const courses = clamp(Math.round(students / 20), 4, 64)
  const id = (kind: string, number: number) => v5(`${seed}/${kind}/${number}`, namespace)
  const fraction = (kind: string, number: number) => fractionOf(`${seed}/${kind}/${number}`)
  const topicLists = Object.values(subjects)
  // Bounded by the number of students; lessons and all else are worked out each time.
  const met: Student[] = []
  return {
    students,
    courses,
    id,
    trace(number) {
      const hex = id('request', number).replaceAll('-', '')
      return `00-${hex}-${hex.slice(16)}-01`
    },
    lesson(number) {
      const course = number % courses
      const topics = topicLists[course % topicLists.length] ?? []
      const topic = topics[below(topics.length, fraction('topic', number))] ?? ''
      const form = forms[below(forms.length, fraction('form', number))]
      return {
        course,
        instructor: below(Math.ceil(courses / 3), fraction('instructor', course)),
        topic,
        title: `${topic}: ${form}`,
        ease: 0.7 + 0.4 * fraction('ease', number),
        // The first lesson has a title, so that even the smallest day has something to find.
        version: number > 0 && (number === 1 || fraction('version', number) < 0.2) ? 1 : 2
      }
    },
    student(number) {
      const known = met[number]
      if (known) return known
      const student = {
        id: id('student', number),
        ability: 45 + 50 * fraction('ability', number),
        // Student 0 gets mail, so that there is some in the smallest school too.
        wantsMail: number === 0 || fraction('mail', number) < mailedShare,
        name: `Student ${number}`,
        address: `student-${number}@school.example`
      }
      met[number] = student
      return student
    },
    studentOfCourse(course, which) {
      // A course is taken by a block of the students, and the blocks overlap: everyone takes about four courses.
      const size = Math.min(students, Math.ceil((students * 4) / courses))
      return (Math.floor((course * students) / courses) + below(size, which)) % students
    }
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value))
}
