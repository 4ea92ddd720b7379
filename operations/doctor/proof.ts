import { counted, describeError, pause } from '../../core/index.ts'
import { keyOf } from '../../kafka/index.ts'
import type { Pool } from '../../postgres/index.ts'
import { listPositions, type ProofStanding, proofStanding, silentSeconds } from '../../trail/index.ts'
import type { Standing } from '../standing.ts'
import { type Finding, ok, warning, wrong } from './finding.ts'

/** s after which an entry should be in the log: a sealer makes a round every ten, and waits a minute for a sink that was killed. */
const patienceSeconds = 300
/** ms between two looks at sinks that store nothing: an event that has just come is no reason to worry. */
const secondLookMs = 2_000

/** Whether the entries of a proved trail come into its log, and which disclosures have no end. Never throws. */
export async function examineProof(pool: Pool): Promise<Finding[]> {
  try {
    const standing = await proofStanding(pool)
    return [...(standing ? proofFindings(standing) : []), ...(await examineDisclosures(pool))]
  } catch (error) {
    return [warning('proof', describeError(error))]
  }
}

/** What the standing of the log of a proved trail means. */
export function proofFindings({ origin, waiting, waitingSeconds, rejected, checkpoint }: ProofStanding): Finding[] {
  const newest = checkpoint
    ? `the newest checkpoint is ${ageWords(checkpoint.ageSeconds)} old and has ${entries(checkpoint.size)}`
    : 'there is no checkpoint yet'
  return [
    waitingSeconds > patienceSeconds
      ? wrong(
          'proof',
          `${entries(waiting)} of the log ${origin} wait for a checkpoint, the oldest for ${ageWords(waitingSeconds)}; ${newest}. Whether \`eventtrail proof checkpoint\` runs, and why it is not ready, is in its /readyz and its log`
        )
      : ok('proof', `the trail is proved by the log ${origin}; ${newest}, and ${waiting} more wait for the next one`),
    ...(rejected > 0
      ? [
          wrong(
            'proof',
            `${entries(rejected)} of the log ${origin} were rejected, and what they say is not proved: SELECT number, kind, rejected FROM proof_entries WHERE rejected IS NOT NULL. They stay, as evidence`
          )
        ]
      : [])
  ]
}

/**
 * Whether sinks run, events wait, and nothing is stored: on a proved trail that is what a sink without a key does.
 * @param members how many sinks run; undefined where Kafka does not let this user look
 */
export async function examineSilence(
  pool: Pool,
  group: string,
  partitions: readonly Standing[],
  members: number | undefined
): Promise<Finding[]> {
  const waiting = partitions.filter(each => each.waiting > 0 && each.halted === undefined)
  if (members === 0 || waiting.length === 0) return []
  const seconds = await silentSeconds(pool, group)
  if (seconds === undefined || seconds <= patienceSeconds) return []
  await pause(secondLookMs)
  const now = new Map((await listPositions(pool, group)).map(each => [keyOf(each), each.nextOffset]))
  if (waiting.some(each => now.get(keyOf(each)) !== each.next)) return []
  return [
    wrong(
      'proof',
      `sinks of group ${group} run, events wait, and nothing has been stored for ${ageWords(seconds)}. On a trail that is proved a sink without a key (PROOF_KEY_FILE) stores nothing, nor one whose key was revoked: its /readyz and its log say so`
    )
  ]
}

/** Asked where the tables of operators are. */
async function examineDisclosures(pool: Pool): Promise<Finding[]> {
  const { rows: tables } = await pool.query<{ there: boolean }>(
    "SELECT to_regclass('disclosures') IS NOT NULL AS there"
  )
  if (tables[0]?.there !== true) return []
  const { rows } = await pool.query<{ n: string; first: string | null }>(
    'SELECT count(*) AS n, min(number) AS first FROM disclosures WHERE ended_at IS NULL'
  )
  const open = Number(rows[0]?.n)
  if (open === 0) return []
  return [
    ok(
      'disclosures',
      `${counted(open, 'disclosure')} without an end, the first has number ${rows[0]?.first}: content is given at the moment, or the process that gave it was killed. Each counts as given in full: \`eventtrail trail disclosures\``
    )
  ]
}

const entries = (count: number): string => `${count} ${count === 1 ? 'entry' : 'entries'}`

/** `40 s`, `7 minutes`, `3 hours`, `2 days`. */
function ageWords(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`
  if (seconds < 7_200) return `${Math.round(seconds / 60)} minutes`
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} hours`
  return `${Math.round(seconds / 86_400)} days`
}
