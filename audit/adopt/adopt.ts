import { act, type Operator } from '../../operations/index.ts'
import type { Pool, Queries } from '../../postgres/index.ts'
import { rowForm, type Signer } from '../../proof/index.ts'
import { EntryWriter, inTransaction, proverOf } from '../../trail/index.ts'
import { AuditError } from '../errors.ts'
import { type PlannedBlock, planAdoption } from './plan.ts'
import { type Block, type BusBlock, hashBlocks, hashBus } from './rows.ts'

export interface AdoptParts {
  readonly pool: Pool
  /** Of the role operator. */
  readonly signer: Signer | undefined
  /** As the tables have it: whose entries these are. */
  readonly group: string
  readonly topicPrefix: string
  readonly onProgress: (words: string) => void
  readonly signal: AbortSignal
  /** Rows that are held in memory at once, 40 bytes each. Default 2,000,000. */
  readonly rowsAtOnce?: number
}

/** What was adopted by one call. */
export interface Adopted {
  readonly rows: number
  readonly entries: number
  /** Rows that have the coordinates of another one: no entry accounts for them. */
  readonly doubled: number
  /** Whether nothing is left to adopt; false where it was interrupted. */
  readonly complete: boolean
}

// A line is a name of at most 249 letters, a root and four numbers: half of an entry.
const mostBlocks = 80
const mostBusBlocks = 200

/**
 * Accounts for the rows that were in the trail before it was proved, in signed blocks: from now on it is proved that they
 * are unchanged. Sinks store meanwhile. The same call continues after an interruption.
 * @throws AuditError `PROOF_OFF`; TrailError `PROOF_KEY_MISSING`, `PROOF_KEY_REFUSED`; OperationsError `ACTION_RUNNING`,
 *   `NOT_RECORDED`; a database error
 */
export async function adopt(parts: AdoptParts, operator: Operator): Promise<Adopted> {
  const { pool, signer } = parts
  if (!(await proverOf(pool, signer, 'operator')))
    throw new AuditError('PROOF_OFF', 'The trail is not proved: `eventtrail proof init` begins it')
  const request = {
    ...{ operation: 'proof adopt', target: { group: parts.group }, reason: 'rows of before the proof' },
    exclusive: 'adoption of the trail'
  }
  return act(
    pool,
    operator,
    request,
    () => adoptAll(parts),
    counts => ({ ...counts })
  )
}

async function adoptAll(parts: AdoptParts): Promise<Adopted> {
  const { pool, signal, onProgress } = parts
  onProgress('counting the rows of before the proof')
  const plan = await planAdoption(pool)
  const total = plan.blocks.reduce((sum, { rows }) => sum + rows, plan.busRows)
  const done = { rows: 0, entries: 0, doubled: 0 }
  const say = () => onProgress(`${done.rows} of ${total} rows`)
  for (const pass of passesOf(plan.blocks, parts.rowsAtOnce ?? 2_000_000)) {
    if (signal.aborted) return { ...done, complete: false }
    done.doubled += await inPass(
      parts,
      async client => {
        const { blocks, doubled } = await hashBlocks(client, pass)
        return { doubled, lines: { block: blocks, bus: [] } }
      },
      done
    )
    say()
  }
  if (plan.busRows > 0 && !signal.aborted) {
    await inPass(
      parts,
      async client => {
        const bus: BusBlock[] = []
        await hashBus(client, plan.busAfter, async block => void bus.push(block))
        return { doubled: 0, lines: { block: [], bus } }
      },
      done
    )
    say()
  }
  return { ...done, complete: !signal.aborted }
}

interface Lines {
  readonly block: readonly Block[]
  readonly bus: readonly BusBlock[]
}

/** Hashes rows, then signs them, unless a month was dropped meanwhile: then it hashes those that are left. */
async function inPass(
  { pool, signer, group, topicPrefix: prefix }: AdoptParts,
  hash: (client: Parameters<typeof hashBlocks>[0]) => Promise<{ doubled: number; lines: Lines }>,
  done: { rows: number; entries: number }
): Promise<number> {
  for (;;) {
    const session = await pool.connect()
    let before: string
    let hashed: { doubled: number; lines: Lines }
    try {
      before = await lastDrop(session)
      hashed = await hash(session)
    } finally {
      session.release()
    }
    const isSigned = await inTransaction(pool, async client => {
      // A drop that runs is waited for, and one that begins later reads what is adopted here.
      await client.query('LOCK TABLE retention_holds IN ROW EXCLUSIVE MODE')
      if ((await lastDrop(client)) !== before) return false
      const prover = await proverOf(client, signer, 'operator')
      if (!prover) throw new AuditError('PROOF_OFF', 'The trail is not proved any more')
      const writer = new EntryWriter(client, prover)
      for (const lines of entriesOf(hashed.lines)) {
        await writer.add({ kind: 'adopted', group, prefix, form: rowForm, ...lines, position: [] })
        done.entries += 1
        done.rows += [...lines.block, ...lines.bus].reduce((sum, { rows }) => sum + rows, 0)
      }
      return true
    })
    if (isSigned) return hashed.doubled
  }
}

/** The last step of a month that was dropped. */
async function lastDrop(queries: Queries): Promise<string> {
  const { rows } = await queries.query<{ last: string }>(
    "SELECT coalesce(max(number), 0) AS last FROM retention_steps WHERE step = 'dropped'"
  )
  return String(rows[0]?.last)
}

/** Blocks that are hashed in one scan: as many as fit into memory, in the order of the plan. */
function passesOf(blocks: readonly PlannedBlock[], most: number): PlannedBlock[][] {
  const passes: PlannedBlock[][] = []
  let rows = Number.POSITIVE_INFINITY
  for (const block of blocks) {
    rows += block.rows
    if (rows > most) {
      passes.push([])
      rows = block.rows
    }
    passes.at(-1)?.push(block)
  }
  return passes
}

function* entriesOf({ block, bus }: Lines): Generator<Lines> {
  for (let from = 0; from < block.length; from += mostBlocks)
    yield { block: block.slice(from, from + mostBlocks), bus: [] }
  for (let from = 0; from < bus.length; from += mostBusBlocks)
    yield { block: [], bus: bus.slice(from, from + mostBusBlocks) }
}
