import { pause } from '../../core/index.ts'
import type { Kill } from './checks.ts'
import type { School } from './day/index.ts'
import { Pace, Stall, schoolDay } from './day/index.ts'
import { SinkKill } from './kill.ts'
import { type Figures, groups } from './observer.ts'
import { publishDay } from './publish.ts'
import { count, Screen, type Signs } from './show/index.ts'
import type { Stage } from './stage.ts'
import { Tally } from './tally.ts'

export interface PlayOptions {
  readonly events: number
  readonly rate?: number
  readonly seed: string
  readonly school: School
  /** Number of the student who is enrolled late. */
  readonly late: number | undefined
  readonly say: (line: string) => void
  /** Whether lines can be written over. */
  readonly interactive: boolean
  readonly draw: (text: string) => void
  readonly signs: Signs
  readonly signal: AbortSignal
}

export interface Played {
  readonly tally: Tally
  readonly kill: Kill | undefined
  /** Who lagged when nothing had moved for a minute; undefined when all of them got done. */
  readonly stuck: string | undefined
  /** ms: what publishing took, and from the first event until all was stored and handled. */
  readonly times: { readonly publish: number; readonly store: number; readonly done: number }
}

const lookEveryMs = 250
const stuckAfterMs = 60_000

/**
 * Publishes the day and watches until all of them are done with it; kills the sink in between and starts it again.
 * @throws DemoError when a process ends by itself or an event is refused; the signal's reason when it aborts
 */
export async function playDay(stage: Stage, options: PlayOptions): Promise<Played> {
  const { events, school, late, say, draw, interactive, signs } = options
  const { crew, observer, inbox, hook } = stage
  const screen = new Screen({ say, draw, redraw: interactive, signs })
  const tally = new Tally(student => school.student(student).wantsMail, late)
  const kill = new SinkKill(stage, events, tally)
  const over = new AbortController()
  const signal = AbortSignal.any([options.signal, over.signal])
  signal.addEventListener('abort', () => kill.openGate(), { once: true })
  const pace = new Pace()
  const stall = new Stall(stuckAfterMs)
  const began = performance.now()
  const publishing = publish(stage, options, { tally, kill, signal })
  try {
    for (let storeMs: number | undefined; ; await pause(lookEveryMs, signal)) {
      options.signal.throwIfAborted()
      const publishMs = publishing.ms()
      crew.check()
      const figures = await observer.figures()
      const now = performance.now() - began
      const progress = { ...figures, events, published: tally.published, mails: inbox.mails, webhooks: hook.webhooks }
      const rate = pace.of(tally.published, now)
      const note = await kill.look(figures.stored, signal)
      if (note) {
        // The numbers are from before that.
        screen.note(note)
        continue
      }
      if (publishMs !== undefined && figures.lag.sink === 0) storeMs ??= now
      const done = publishMs !== undefined && kill.outcome !== undefined && isDone(figures)
      const stuck = !done && stall.notices(JSON.stringify(progress), now)
      screen.show({ ...progress, rate }, now, done || stuck)
      if (done || stuck) {
        return {
          tally,
          kill: kill.outcome,
          stuck: stuck ? whoIsBehind(figures, events - tally.published) : undefined,
          times: { publish: publishMs ?? now, store: storeMs ?? now, done: now }
        }
      }
    }
  } finally {
    over.abort()
    await publishing.ended
  }
}

interface Running {
  readonly tally: Tally
  readonly kill: SinkKill
  readonly signal: AbortSignal
}

function publish({ stack, log }: Stage, { events, rate, seed }: PlayOptions, { tally, kill, signal }: Running) {
  let outcome: { readonly ms: number } | { readonly failure: unknown } | undefined
  const ended = publishDay(schoolDay({ seed, events, date: new Date() }), {
    connection: {
      kafka: { brokers: stack.env.KAFKA_BROKERS.split(',') },
      registry: { url: stack.env.SCHEMA_REGISTRY_URL }
    },
    ...(rate !== undefined && { rate }),
    gate: kill.gate,
    tally,
    log,
    signal
  }).then(
    ms => {
      outcome = { ms }
    },
    failure => {
      outcome = { failure }
    }
  )
  return {
    ended,
    /** How long it took; undefined while it runs. Throws when it failed. */
    ms(): number | undefined {
      if (outcome && 'failure' in outcome) throw outcome.failure
      return outcome?.ms
    }
  }
}

function isDone({ lag, pending }: Figures): boolean {
  return pending === 0 && groups.every(group => lag[group] === 0)
}

function whoIsBehind({ lag, pending }: Figures, unpublished: number): string {
  const behind = groups.filter(group => lag[group] > 0).map(group => `${group} by ${count(lag[group])}`)
  if (unpublished > 0) behind.unshift(`publishing by ${count(unpublished)}`)
  if (pending > 0) behind.push(`mails and webhooks by ${count(pending)}`)
  return behind.join(', ')
}
