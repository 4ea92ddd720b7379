import { randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { createLogger } from '../../cli/index.ts'
import type { CleanUps } from '../../core/index.ts'
import { type Logger, pause } from '../../core/index.ts'
import type { Child } from '../processes/index.ts'
import type { Stack } from '../stack/index.ts'
import { Crew } from './children.ts'
import type { School } from './day/index.ts'
import { type Hook, openHook } from './hook.ts'
import { type Inbox, openInbox } from './inbox.ts'
import { Observer } from './observer.ts'
import { ProofFiles } from './proof-files.ts'
import { counted, seconds } from './show/index.ts'

/** Everything that runs while the day is played. */
export interface Stage {
  readonly stack: Stack
  readonly crew: Crew
  readonly inbox: Inbox
  readonly hook: Hook
  readonly observer: Observer
  /** The keys of the proof, and its log. */
  readonly proof: ProofFiles
  /** Of the demo's own clients; a file next to the servers' logs. */
  readonly log: Logger
  /** Starts the sink, also in the place of one that was killed. */
  startSink(): Child
  /** Stops the sink that runs, as an operator does: it closes what it has signed. */
  stopSink(): Promise<void>
  /** The sink that was started with the others. */
  readonly sink: Child
  /** Enrols the student who was left out. */
  enrolLate(): Promise<void>
}

export interface StageOptions {
  readonly stack: Stack
  readonly school: School
  /** Number of the student who is not enrolled; undefined for none. */
  readonly late: number | undefined
  readonly say: (line: string) => void
  readonly signal: AbortSignal
  /** Takes what must be undone. */
  readonly cleanUps: CleanUps
}

// Long enough for what is under way; what needs longer may be killed: nothing is lost by that.
const stopChildrenMs = 3_000
// A killed sink is replaced after this time. A real one waits longer, so that a busy machine is not taken for a dead one.
const sinkSessionMs = 2_000

/** Makes tables, schemas and topics, enrols the students but one, and starts sink, indexer and notifier. */
export async function setStage({ stack, school, late, say, signal, cleanUps }: StageOptions): Promise<Stage> {
  const { KAFKA_BROKERS, DATABASE_URL } = stack.env
  const inbox = await openInbox()
  cleanUps.add(() => inbox.close())
  const hook = await openHook()
  cleanUps.add(() => hook.close())
  const log = createLogger({ level: 'warn', destination: createWriteStream(join(stack.logs, 'demo.log')) })
  const observer = await Observer.open({ brokers: KAFKA_BROKERS.split(','), databaseUrl: DATABASE_URL, log })
  cleanUps.add(() => observer.close())
  const key = randomBytes(32).toString('base64')
  // The receiver is on this machine, and speaks http.
  const webhooks = { WEBHOOK_KEY: key, WEBHOOK_ALLOW_HTTP: 'true', WEBHOOK_ALLOWED_NETWORKS: '127.0.0.1' }
  const env = { ...stack.env, SMTP_URL: inbox.url, ...webhooks }
  const crew = new Crew({ env, logs: stack.logs, adopt: stack.adopt })
  cleanUps.add(() => crew.stop(stopChildrenMs))

  const began = performance.now()
  await untilAborted(
    signal,
    Promise.all([crew.run('migrate', '--with', 'indexer,notifier'), crew.run('schemas', 'register', '--example')])
  )
  const proof = new ProofFiles()
  cleanUps.add(() => proof.remove())
  await untilAborted(signal, proof.begin(crew))
  say(
    `made the tables and the keys of the proof, registered the schemas, made the topics (${seconds(performance.now() - began)})`
  )
  const all = Array.from({ length: school.students }, (_, number) => number)
  const mailed = await enrol(
    observer,
    school,
    all.filter(number => number !== late)
  )
  hook.trust(await observer.subscribe('badges', 'badge.awarded', hook.url, key))
  say(
    `enrolled ${counted(school.students - (late === undefined ? 0 : 1), 'student')}, ${mailed} of them with e-mail, and subscribed a webhook to badges${late === undefined ? '' : '; one student is left out for now'}`
  )

  let running: Child | undefined
  const startSink = () => {
    const flags = ['--session-timeout', String(sinkSessionMs), '--proof-key', proof.key('sink-1')]
    running = crew.start('sink', ...flags)
    return running
  }
  const stopSink = async (): Promise<void> => await running?.stop()
  const sink = startSink()
  const indexer = crew.start('indexer', '--example')
  const notifier = crew.start('notifier', '--example')
  while (!(await observer.everybodyIsThere())) {
    crew.check()
    await pause(100, signal)
    signal.throwIfAborted()
  }
  say(`sink, indexer and notifier run as processes ${sink.pid}, ${indexer.pid} and ${notifier.pid}`)
  const enrolLate = async (): Promise<void> => {
    if (late !== undefined) await enrol(observer, school, [late])
  }
  return { stack, crew, inbox, hook, observer, proof, log, startSink, stopSink, sink, enrolLate }
}

/** Puts students into the directory of recipients. Answers how many of them get mail. */
async function enrol(observer: Observer, school: School, numbers: readonly number[]): Promise<number> {
  const students = numbers.map(number => school.student(number))
  await observer.rows(
    `INSERT INTO recipients (id, address, name, wants_mail)
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::boolean[])`,
    [
      students.map(({ id }) => id),
      students.map(({ address }) => address),
      students.map(({ name }) => name),
      students.map(({ wantsMail }) => wantsMail)
    ]
  )
  return students.filter(({ wantsMail }) => wantsMail).length
}

async function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    signal.throwIfAborted()
    return await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
