import { createHash } from 'node:crypto'
import { describeError } from '../../core/index.ts'
import { type Pool, type Queries, requireTables } from '../../postgres/index.ts'
import type { Signer } from '../../proof/index.ts'
import { addSalted, inTransaction, newSalt, proverOf, TrailError, timeSql, trailMigrations } from '../../trail/index.ts'
import { type Operator, processName, recordingFault } from '../actions/index.ts'
import { OperationsError } from '../errors.ts'
import { operationsMigrations } from '../migrations.ts'
import { type BasisName, bases } from './basis.ts'

/** Who receives content, and why. */
export interface Statement {
  /** In words, not empty. */
  readonly party: string
  /** The legitimate interest, in words, not empty. */
  readonly purpose: string
  readonly basis: BasisName
}

/** What is about to be given. */
export interface DisclosureRequest extends Statement {
  /** As the command is called: `trail export`. */
  readonly tool: string
  /** What was asked for. May name a person: it is kept in the database of the trail alone. */
  readonly request: Readonly<Record<string, unknown>>
}

/** A record that is given. */
export interface GivenRecord {
  /** Of the event; undefined where it is not known. */
  readonly id?: string | undefined
  /** The persons whom it concerns; undefined where they are not known. */
  readonly persons: readonly string[] | undefined
}

/** How giving has ended. */
export interface Ending {
  /** Whether all that was asked for was given. */
  readonly complete: boolean
  /** Of the file that was written. */
  readonly bytes?: number
  /** Of the file that was written. */
  readonly sha256?: Buffer
}

/** A disclosure that is recorded, and has not ended. */
export interface Disclosure {
  /** In `disclosures`. */
  readonly number: number
  /** Counts a record: before it is given. */
  count(record: GivenRecord): void
  /** Writes the persons that were counted, where they are many: for work that gives much, after each part of it. */
  keepUp(): Promise<void>
}

/** What is recorded of a disclosure that has ended. */
export interface EndedDisclosure extends Ending {
  readonly number: number
  readonly rows: number
  /** Rows of which the persons are not known. */
  readonly unattributed: number
}

/** Persons that are held in memory. */
const mostHeld = 20_000
/** Of one statement: the texts of its arrays are many times as large as what is held. */
const mostWritten = 1_000

/**
 * The gate for content: records that it is given, then gives it, then records what was given.
 * An error of `give` is recorded as a disclosure that was broken off. One without an end counts as given in full.
 * @param give shows the content, or writes it somewhere, after counting it
 * @param signer of the role privacy; needed where the trail is proved
 * @throws TrailError `PROOF_KEY_MISSING`, `PROOF_KEY_REFUSED`: nothing was given; OperationsError `NOT_RECORDED`: nothing was given; `RESULT_NOT_RECORDED`: it was given; and what `give` throws
 */
export async function disclose(
  pool: Pool,
  operator: Operator,
  request: DisclosureRequest,
  give: (disclosure: Disclosure) => Promise<Ending>,
  signer?: Signer
): Promise<EndedDisclosure> {
  const number = await begin(pool, operator, request, signer)
  const tally = new Tally(pool, number)
  const ended = await give(tally).catch(async error => {
    // What went wrong first is what is reported.
    await tally.end({ complete: false }).catch(() => undefined)
    throw error
  })
  try {
    await tally.end(ended)
  } catch (cause) {
    throw new OperationsError(
      'RESULT_NOT_RECORDED',
      `Disclosure ${number} was made, and its end could not be recorded: ${describeError(recordingFault(cause))}. It counts as given in full`,
      cause
    )
  }
  return { ...ended, number, rows: tally.rows, unattributed: tally.unattributed }
}

async function begin(
  pool: Pool,
  operator: Operator,
  request: DisclosureRequest,
  signer: Signer | undefined
): Promise<number> {
  try {
    await requireTables(pool, operationsMigrations)
    await requireTables(pool, trailMigrations)
    return await inTransaction(pool, client => record(client, operator, request, signer))
  } catch (cause) {
    if (cause instanceof TrailError) throw cause
    const fault = recordingFault(cause)
    throw new OperationsError(
      'NOT_RECORDED',
      `Nothing was shown, because who receives it could not be recorded: ${describeError(fault)}`,
      fault
    )
  }
}

async function record(
  client: Queries,
  { actor, verified, via }: Operator,
  { tool, party, purpose, basis, request }: DisclosureRequest,
  signer: Signer | undefined
): Promise<number> {
  const prover = await proverOf(client, signer, 'privacy')
  const salt = prover ? newSalt() : null
  const given = {
    actor,
    verified,
    via,
    process: processName(),
    tool,
    party,
    purpose,
    basis,
    listed: bases[basis].listed
  }
  const { rows } = await client.query<{ number: string; began_at: string; login: string }>(
    `INSERT INTO disclosures (actor, verified, via, process, tool, party, purpose, basis, listed, request, salt)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
     RETURNING number, ${timeSql('began_at')} AS began_at, login`,
    [...Object.values(given), JSON.stringify(request), salt]
  )
  const { number, ...others } = rows[0] as (typeof rows)[number]
  const members = { number: Number(number), ...others, ...given, request }
  if (prover && salt) await addSalted(client, prover, { kind: 'disclosure', salt, members })
  return members.number
}

/** Counts what is given. */
class Tally implements Disclosure {
  readonly number: number
  readonly #pool: Pool
  readonly #ids = createHash('sha256')
  #persons = new Map<string, number>()
  rows = 0
  unattributed = 0

  constructor(pool: Pool, number: number) {
    this.#pool = pool
    this.number = number
  }

  count({ id, persons }: GivenRecord): void {
    this.rows += 1
    this.#ids.update(`${id ?? ''}\n`)
    if (persons === undefined) this.unattributed += 1
    else for (const person of persons) this.#persons.set(person, (this.#persons.get(person) ?? 0) + 1)
  }

  async keepUp(): Promise<void> {
    if (this.#persons.size >= mostHeld) await this.#writePersons()
  }

  async end({ complete, bytes, sha256 }: Ending): Promise<void> {
    await this.#writePersons()
    await this.#pool.query(
      `UPDATE disclosures SET ended_at = now(), complete = $2, rows = $3, unattributed = $4, ids_sha256 = $5, bytes = $6,
         sha256 = $7 WHERE number = $1`,
      [this.number, complete, this.rows, this.unattributed, this.#ids.digest(), bytes ?? null, sha256 ?? null]
    )
  }

  async #writePersons(): Promise<void> {
    if (this.#persons.size === 0) return
    const persons = this.#persons
    this.#persons = new Map()
    let [subjects, events]: [string[], number[]] = [[], []]
    const write = async () => {
      await this.#pool.query(
        `INSERT INTO disclosure_subjects (disclosure, subject, events)
         SELECT $1, subject, events FROM unnest($2::text[], $3::bigint[]) AS given(subject, events)`,
        [this.number, subjects, events]
      )
      ;[subjects, events] = [[], []]
    }
    for (const [subject, count] of persons) {
      subjects.push(subject)
      events.push(count)
      if (subjects.length >= mostWritten) await write()
    }
    if (subjects.length > 0) await write()
  }
}
