import { columns, count, type Signs, seconds } from './words.ts'

/** How long the parts of a run took, in ms. */
export interface Timings {
  /** Until servers, tables, topics and processes were ready. */
  readonly ready: number
  /** From the first event to the last acknowledgement. */
  readonly publish: number
  /** From the first event until all were stored, the replaced sink included. */
  readonly store: number
  /** From the first event until all of them were done. */
  readonly done: number
  /** From the list of the dead letters until the last of their mails was out. */
  readonly redrive?: number
  /** From the seal of the log until a change was found in the trail. */
  readonly proof?: number
}

/** The table that adds up, or not. */
export function checkTable(checks: readonly Check[], { right, wrong }: Signs): string[] {
  return columns(checks.map(({ ok, promise, detail }) => [`  ${ok ? right : wrong}`, promise, detail]))
}

export function timingLines(events: number, { ready, publish, store, done, redrive, proof }: Timings): string[] {
  const rate = (ms: number) => `${count(events / (Math.max(1, ms) / 1_000))} a second`
  return columns([
    ['  ready', `after ${seconds(ready)}`],
    ['  published', `in ${seconds(publish)}`, rate(publish)],
    ['  stored', `in ${seconds(store)}`, rate(store)],
    ['  all done', `in ${seconds(done)}`],
    ...(redrive === undefined ? [] : [['  redriven', `in ${seconds(redrive)}`]]),
    ...(proof === undefined ? [] : [['  proved', `in ${seconds(proof)}`]])
  ])
}

/** Questions that the trail answers, for people who want to ask it themselves. */
export function queriesAbout(studentId: string): readonly string[] {
  return [
    "SELECT date_trunc('hour', occurred_at) AS hour, count(*) AS quizzes, round(avg((payload ->> 'score_raw')::numeric), 1) AS mean FROM event_envelopes WHERE event_name = 'quiz.submitted' GROUP BY 1 ORDER BY 1;",
    `SELECT occurred_at, event_name, payload FROM event_envelopes WHERE '${studentId}' IN (payload ->> 'student_id', payload ->> 'awarded_to') ORDER BY 1;`,
    'SELECT topic, partition, first_offset, last_offset, rows, duplicates, quarantined FROM sink_ledger ORDER BY 1, 2;'
  ]
}

/** A line of the table at the end. */
export interface Check {
  /** For machines. */
  readonly id: string
  /** For people. */
  readonly promise: string
  readonly ok: boolean
  /** The numbers that it is made from. */
  readonly detail: string
}
