import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { counted } from '../show/index.ts'
import type { Stage } from '../stage.ts'

const verifier = fileURLToPath(new URL('../../../verifier/verify.mjs', import.meta.url))

/** What the proof of the trail says, before and after a change that no one was to see. */
export interface Proof {
  /** Signed entries that account for the trail. */
  readonly entries: number
  /** How many of them are in the log: those that a sink still extends are not. */
  readonly sealed: number
  /** Rows that were recomputed, those included whose entry is not in the log yet. */
  readonly rows: number
  /** Findings of the trail as it was stored. */
  readonly findings: number
  /** What `verify.mjs` said last of the proof of one event; undefined where no entry with a row is in the log yet. */
  readonly event: string | undefined
  /** What was found once a mark was changed in the database: codes, each once. */
  readonly tampered: readonly string[]
  /** Where: a partition and its offsets. */
  readonly place: string
  /** Findings once the mark was put back. */
  readonly afterwards: number
  /** ms for all of it. */
  readonly ms: number
}

/**
 * Stops the sink, seals the log, verifies the trail, proves one event to someone without the database, changes a mark as the
 * administrator of the database could, verifies again, and puts the mark back.
 * @throws DemoError `CHILD_FAILED`; the signal's reason when it aborts
 */
export async function proveDay(stage: Stage, say: (line: string) => void, signal: AbortSignal): Promise<Proof> {
  const { crew, proof } = stage
  const began = performance.now()
  // One that runs extends its statements for ten seconds.
  await stage.stopSink()
  // No writer is left: what the killed one left open is sealed now, and not after a minute.
  await crew.run('proof', 'checkpoint', '--once', '--stale', '0', '--proof-key', proof.key('log'), ...proof.flags)
  const clean = await verified(stage)
  say(`eventtrail proof verify: ${counted(clean.findings.length, 'finding')} in ${counted(clean.rows, 'row')}`)
  const event = await proveEvent(stage, signal)
  if (event !== undefined) say(`eventtrail proof prove writes the proof of one event; node verify.mjs on it: ${event}`)
  const mark = await changeMark(stage)
  const changed = mark ? await verified(stage) : undefined
  const [first] = changed?.findings ?? []
  const place = first ? `${first.topic}/${first.partition}, offsets ${first.first}-${first.last}` : ''
  if (changed)
    say(`one mark was changed in the database; eventtrail proof verify: ${first?.code ?? 'nothing'}  ${place}`)
  if (mark) await mark.putBack()
  const restored = mark ? await verified(stage) : clean
  if (mark) say(`the mark was put back; eventtrail proof verify: ${counted(restored.findings.length, 'finding')}`)
  return {
    entries: clean.entries,
    sealed: clean.sealed,
    rows: clean.rows,
    findings: clean.findings.length,
    event,
    tampered: [...new Set(changed?.findings.map(({ code }) => String(code)))],
    place,
    afterwards: restored.findings.length,
    ms: performance.now() - began
  }
}

/**
 * Writes the proof of one event, and lets the file for auditors check it, without settings and without a server.
 * @returns its last line; undefined where no entry with a row is in the log yet
 */
async function proveEvent({ crew, proof, observer }: Stage, signal: AbortSignal): Promise<string | undefined> {
  const [event] = await observer.rows(
    `SELECT e.id FROM proof_entries p
       CROSS JOIN LATERAL regexp_matches(p.entry, '\\nstretch (\\S+) (\\d+) \\d+ (\\d+) (\\d+) [1-9]', 'g') AS s (part)
       JOIN event_envelopes e ON e.event_name = part[1] AND e.kafka_partition = part[2]::int
         AND e.kafka_offset BETWEEN part[3]::bigint AND part[4]::bigint
     WHERE p.kind = 'batch' AND p.log_index IS NOT NULL LIMIT 1`
  )
  if (!event) return undefined
  const why = ['--party', 'a student', '--purpose', 'asked for it', '--basis', 'subject']
  const files = ['--out', proof.eventProof, '--proof-key', proof.key('privacy')]
  await crew.run('proof', 'prove', String(event.id), ...files, ...proof.store, ...why)
  const check = [verifier, proof.eventProof, '--trust', proof.trust]
  // Not verified is an exit code of its own, and what it printed the reason.
  const { stdout } = await promisify(execFile)(process.execPath, check, { env: {}, signal }).catch(
    (error: { readonly stdout?: string }) => {
      signal.throwIfAborted()
      return { stdout: error.stdout ?? '' }
    }
  )
  return stdout.trim().split('\n').at(-1)
}

/** What the last verification printed. */
async function verified({ crew, proof }: Stage) {
  const lines = await crew.askAnyway('proof', 'verify', '--json', ...proof.flags)
  const results = lines.filter(({ kind }) => kind === 'result')
  const result = results.at(-1)
  // The log of a command has what it printed the times before, too.
  const before = results.at(-2)
  const findings = lines.slice(before ? lines.indexOf(before) + 1 : 0).filter(({ kind }) => kind === 'finding')
  const { proved = 0, unsealed = 0 } = (result?.rows ?? {}) as Readonly<Record<string, number>>
  const { size = 0 } = (result?.checkpoint ?? {}) as Readonly<Record<string, number>>
  return { findings, rows: proved + unsealed, entries: size + Number(result?.unsealed ?? 0), sealed: size }
}

/** Changes the mark of one quiz, with no trigger in the way; undefined where there is no quiz. */
async function changeMark({ observer }: Stage) {
  const [quiz] = await observer.rows(
    "SELECT id, payload::text AS payload FROM event_envelopes WHERE event_name = 'quiz.submitted' ORDER BY id LIMIT 1"
  )
  if (!quiz) return undefined
  const write = async (payload: string, ...values: string[]): Promise<void> => {
    await observer.rows("SET session_replication_role = 'replica'")
    try {
      await observer.rows(`UPDATE event_envelopes SET payload = ${payload} WHERE id = $1`, [quiz.id, ...values])
    } finally {
      await observer.rows("SET session_replication_role = 'origin'")
    }
  }
  await write("jsonb_set(payload, '{score_raw}', '100.1')")
  return { putBack: () => write('$2::jsonb', String(quiz.payload)) }
}
