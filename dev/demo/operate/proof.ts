import type { Stage } from '../stage.ts'

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
  /** What was found once a mark was changed in the database: codes, each once. */
  readonly tampered: readonly string[]
  /** Where: a partition and its offsets. */
  readonly place: string
  /** ms for all of it. */
  readonly ms: number
}

/**
 * Seals the log, verifies the trail, changes a mark as the administrator of the database could, verifies again, and puts
 * the mark back.
 * @throws DemoError `CHILD_FAILED`
 */
export async function proveDay(stage: Stage, say: (line: string) => void): Promise<Proof> {
  const { crew, proof } = stage
  const began = performance.now()
  await crew.run('proof', 'checkpoint', '--once', '--proof-key', proof.key('log'), ...proof.flags)
  const clean = await verified(stage)
  say(`eventtrail proof verify: ${clean.findings.length} findings in ${clean.rows} rows`)
  const mark = await changeMark(stage)
  const changed = mark ? await verified(stage) : undefined
  if (mark) await mark.putBack()
  const [first] = changed?.findings ?? []
  const place = first ? `${first.topic}/${first.partition}, offsets ${first.first}-${first.last}` : ''
  if (changed)
    say(`one mark was changed in the database; eventtrail proof verify: ${first?.code ?? 'nothing'}  ${place}`)
  return {
    entries: clean.entries,
    sealed: clean.sealed,
    rows: clean.rows,
    findings: clean.findings.length,
    tampered: [...new Set(changed?.findings.map(({ code }) => String(code)))],
    place,
    ms: performance.now() - began
  }
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
