import { cpSync } from 'node:fs'
import { type CommandContext, type ExitCode, exitCodes } from '../../cli/index.ts'
import { postgresIndex } from '../../consumers/indexer/index.ts'
import { CleanUps } from '../../core/index.ts'
import { type Stack, startStack } from '../stack/index.ts'
import { checksOf } from './checks.ts'
import { firstMailed, schoolOf } from './day/index.ts'
import { type Evidence, gatherEvidence } from './evidence.ts'
import { type Proof, proveDay, type Redrive, redriveLetters } from './operate/index.ts'
import { type Played, playDay } from './play.ts'
import { type Check, checkTable, counted, queriesAbout, signsFor, type Timings, timingLines } from './show/index.ts'
import { type Stage, setStage } from './stage.ts'

export interface DemoOptions {
  /** Events of the day, from 1. */
  readonly events: number
  /** Events per second. Default: as fast as it goes. */
  readonly rate?: number
  readonly seed: string
  /** Leave everything running at the end, until the signal aborts. */
  readonly keep?: boolean
  /** End with a line of JSON on stdout. */
  readonly json?: boolean
}

/** Plays a school day on servers of its own; 0 when everything adds up, 1 when it does not. */
export async function runDemo(context: CommandContext, options: DemoOptions): Promise<ExitCode> {
  const { say, signal } = context
  const cleanUps = new CleanUps()
  let verdict: boolean | undefined
  try {
    const stack = await startStack({ kind: 'demo', onProgress: say, logger: context.log, signal })
    cleanUps.add(() => stack.stop())
    cleanUps.add(() => {
      if (verdict !== true && !signal.aborted) say(`the logs are kept in ${keepLogs(stack)}`)
    })
    verdict = await demonstrate(context, options, stack, cleanUps)
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    await cleanUps.run()
  }
  if (verdict !== undefined) return verdict ? exitCodes.ok : exitCodes.notOk
  say('interrupted; everything is stopped')
  return exitCodes.interrupted
}

async function demonstrate(
  context: CommandContext,
  options: DemoOptions,
  stack: Stack,
  cleanUps: CleanUps
): Promise<boolean> {
  const { say, draw, signal, interactive } = context
  const { events, seed, rate, keep, json } = options
  const tell = json ? say : context.out
  const signs = signsFor(process.env)
  const school = schoolOf(seed, events)
  const late = firstMailed({ seed, events, date: new Date() }, school)
  const stage = await setStage({ stack, school, late, say, signal, cleanUps })
  const ready = process.uptime() * 1_000
  say(`publishing ${counted(events, 'event')} of a day at school${rate === undefined ? '' : `, ${rate} a second`}`)
  const played = await playDay(stage, { ...options, school, late, say, draw, interactive, signs, signal })
  const { tally, kill, times, stuck } = played
  if (stuck) say(`nothing has moved for a minute; lagging: ${stuck}`)
  const redrive = tally.letters > 0 && stuck === undefined ? await redriveLetters(stage, say, signal) : undefined
  const found = await lookAt(stage, played)
  const proof = await proveDay(stage, say, signal)
  const { inbox, hook } = stage
  const checks = checksOf({ events, expected: tally, found, inbox, hook, kill, redrive, proof })
  const ok = stuck === undefined && checks.every(check => check.ok)
  const timings = { ready, ...times, ...(redrive && { redrive: redrive.ms }), proof: proof.ms }

  tell('')
  for (const line of checkTable(checks, signs)) tell(line)
  tell('')
  for (const line of timingLines(events, timings)) tell(line)
  tell('')
  tell(ok ? 'everything adds up' : 'this does not add up')
  tell('')
  tell(
    keep
      ? 'three questions to the trail:'
      : 'three questions to the trail (`npm run demo -- --keep` leaves it running):'
  )
  for (const query of queriesAbout(school.student(tally.student).id)) tell(`  ${query}`)
  if (json)
    context.out(JSON.stringify(figuresOf({ ok, options, played, redrive, proof, found, checks, timings, stage })))
  if (keep) stage.startSink()
  if (keep) await keepRunning(context, stage, tally.favourite.topic, tell)
  return ok
}

async function lookAt({ stack, observer }: Stage, { tally }: Played): Promise<Evidence> {
  const index = postgresIndex({ postgres: { url: stack.env.DATABASE_URL } })
  try {
    return await gatherEvidence(observer, index, tally)
  } finally {
    await index.close()
  }
}

async function keepRunning(
  { signal }: CommandContext,
  { stack, inbox }: Stage,
  topic: string,
  tell: (line: string) => void
): Promise<void> {
  tell('')
  tell('everything is left running; the addresses:')
  for (const [name, value] of Object.entries({ ...stack.env, SMTP_URL: inbox.url })) tell(`  export ${name}=${value}`)
  tell(`  psql "${stack.env.DATABASE_URL}"`)
  tell(`  node bin/eventtrail.mjs search "${topic}"   # with these variables set, like every command`)
  tell(`the logs are in ${stack.logs}; Ctrl-C stops everything`)
  if (!signal.aborted) await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }))
}

/** The stack removes its logs when it stops; what did not work shall be readable afterwards. */
function keepLogs({ logs }: Stack): string {
  const kept = `${logs}-failed`
  cpSync(logs, kept, { recursive: true })
  return kept
}

interface Run {
  readonly ok: boolean
  readonly options: DemoOptions
  readonly played: Played
  readonly redrive: Redrive | undefined
  readonly proof: Proof
  readonly found: Evidence
  readonly checks: readonly Check[]
  readonly timings: Timings
  readonly stage: Stage
}

/** Everything as one object, for machines. */
function figuresOf({ ok, options, played, redrive, proof, found, checks, timings, stage }: Run) {
  const { tally, kill, stuck } = played
  const { mails, distinct } = stage.inbox
  const { webhooks } = stage.hook
  const ms = Object.fromEntries(Object.entries(timings).map(([name, value]) => [name, Math.round(value)]))
  return {
    ok,
    seed: options.seed,
    events: options.events,
    published: tally.published,
    versions: Object.fromEntries(found.versions),
    stored: found.rows,
    distinct: found.distinct,
    ledger: found.ledger,
    who: { complete: found.who.complete, requests: found.who.requests, actors: found.who.actors.size },
    sampled: found.sampled,
    documents: found.documents,
    search: found.search,
    mails: { expected: tally.mails, received: mails, distinct },
    webhooks: { expected: tally.badges, received: webhooks, distinct: stage.hook.distinct },
    deadLetters: {
      expected: tally.letters,
      found: found.deadLetters,
      listed: redrive?.listed ?? 0,
      handled: redrive?.handled ?? 0
    },
    proof: { ...proof, ms: Math.round(proof.ms) },
    ...(kill && { kill: { ...kill, ...(kill.recoveredMs && { recoveredMs: Math.round(kill.recoveredMs) }) } }),
    ...(stuck && { stuck }),
    checks: Object.fromEntries(checks.map(check => [check.id, check.ok])),
    ms,
    // The most that this process took, which generates and publishes: more events do not need more.
    memoryMb: Math.round(process.resourceUsage().maxRSS / 1024)
  }
}
