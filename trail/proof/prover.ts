import { hash, randomUUID } from 'node:crypto'
import { machineClock } from '../../core/index.ts'
import type { Queries } from '../../postgres/index.ts'
import { composeEntry, type Entry, parseEntry, parseNote, type Signer, signNote } from '../../proof/index.ts'
import { TrailError } from '../errors.ts'
import { addEntry, momentOf, proofOrigin } from './entries.ts'

type Written = 'origin' | 'writer' | 'seq' | 'previous' | 'recorded' | 'clock'
type WithoutHead<E> = E extends Entry ? Omit<E, Written> : never

/** What an entry says, without the head and the times that its writer puts before it. */
export type EntryBody = WithoutHead<Entry>

/** Signs the entries of a trail that is proved. */
export interface Prover {
  /** The name of the log. */
  readonly origin: string
  readonly signer: Signer
}

/** The writer of the entries of one transaction: none of them is extended. */
export class EntryWriter {
  readonly #client: Queries
  readonly #prover: Prover
  readonly #writer = randomUUID()
  #moment: Awaited<ReturnType<typeof momentOf>> | undefined
  #seq = 0
  #previous: string | null = null

  /** @param client in a transaction */
  constructor(client: Queries, prover: Prover) {
    this.#client = client
    this.#prover = prover
  }

  /**
   * Signs an entry and adds it.
   * @returns its number in `proof_entries`
   * @throws ProofError `ENTRY_INVALID`; a database error
   */
  async add(body: EntryBody): Promise<number> {
    const { origin, signer } = this.#prover
    const head = { origin, writer: this.#writer, seq: this.#seq, previous: this.#previous }
    this.#moment ??= await momentOf(this.#client, machineClock.now())
    const { recorded, clock } = this.#moment
    const times =
      body.kind === 'batch' || body.kind === 'bus'
        ? { recorded: { first: recorded, last: recorded }, clock: { first: clock, last: clock } }
        : this.#moment
    const entry = signNote(composeEntry({ ...body, ...head, ...times } as Entry), signer)
    const number = await addEntry(this.#client, { writer: head.writer, seq: head.seq, kind: body.kind, entry })
    this.#seq += 1
    this.#previous = hash('sha256', entry, 'base64')
    return number
  }
}

/** The roles of keys that sign entries. */
export type ProofRole = 'sink' | 'bus' | 'operator' | 'privacy'

/**
 * What signs entries with this key: asked for before anything is changed.
 * @returns undefined where the trail is not proved
 * @throws TrailError `PROOF_KEY_MISSING`; `PROOF_KEY_REFUSED` where the trail does not take entries of this key; a
 *   database error
 */
export async function proverOf(
  queries: Queries,
  signer: Signer | undefined,
  role: ProofRole
): Promise<Prover | undefined> {
  const origin = await proofOrigin(queries)
  if (origin === undefined) return undefined
  if (!signer)
    throw new TrailError(
      'PROOF_KEY_MISSING',
      `The trail is proved, so this needs a key of the role ${role}: give its file as PROOF_KEY_FILE or --proof-key`
    )
  await requireRole(queries, signer, role)
  return { origin, signer }
}

/** @throws TrailError `PROOF_KEY_REFUSED` */
async function requireRole(queries: Queries, { vkey, name }: Signer, role: ProofRole): Promise<void> {
  const refused = (why: string) => new TrailError('PROOF_KEY_REFUSED', `The key ${name} ${why}`)
  const { roles, revoked } = await trailKeys(queries)
  const has = roles.get(vkey)
  if (has === undefined)
    throw refused('is not a key of this trail: `eventtrail proof key add` adds it, with the root key')
  if (has !== role) throw refused(`has the role ${has}, and this needs one of the role ${role}`)
  if (revoked.has(vkey)) throw refused('was revoked: use the one that replaced it')
}

/** Which keys the trail has. */
export interface TrailKeys {
  /** The role of each key that was added, by the key as text. */
  readonly roles: ReadonlyMap<string, string>
  /** Those that were revoked, from whichever index on. */
  readonly revoked: ReadonlySet<string>
}

/**
 * The keys that entries of the kind `key` have added and revoked, as the database has them: for an error in time.
 * Only a verifier can say whether root has signed them.
 */
export async function trailKeys(queries: Queries): Promise<TrailKeys> {
  const { rows } = await queries.query<{ entry: string }>(
    "SELECT entry FROM proof_entries WHERE kind = 'key' AND rejected IS NULL ORDER BY number"
  )
  const roles = new Map<string, string>()
  const revoked = new Set<string>()
  for (const { entry } of rows) {
    const said = parseEntry(parseNote(entry).text)
    if (said.kind !== 'key') continue
    for (const { key, role } of said.add) roles.set(key, role)
    for (const { key } of said.revoke) revoked.add(key)
  }
  return { roles, revoked }
}
