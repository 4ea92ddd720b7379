import type { Pool, Queries } from '../../postgres/index.ts'
import { checkNote, type EntryOf, parseNote, parseVkey, type Signer } from '../../proof/index.ts'
import { EntryWriter, inTransaction, proofOrigin, trailKeys } from '../../trail/index.ts'
import { AuditError } from '../errors.ts'

type KeyRole = EntryOf<'key'>['add'][number]['role']

/** A key that the trail has or had. */
export interface ListedKey {
  readonly name: string
  /** As text. */
  readonly key: string
  readonly role: string
  readonly isRevoked: boolean
}

/** The keys that were added, in their order. @throws AuditError `PROOF_OFF`; a database error */
export async function listKeys(queries: Queries): Promise<ListedKey[]> {
  await requireProof(queries)
  const { roles, revoked } = await trailKeys(queries)
  return [...roles].map(([key, role]) => ({ name: parseVkey(key).name, key, role, isRevoked: revoked.has(key) }))
}

/**
 * Adds a key: it signs entries from this one on.
 * @param root the key that has signed the first keys of the trail
 * @throws AuditError `PROOF_OFF`, `KEY_CHANGE_REFUSED`; a database error
 */
export async function addKey(pool: Pool, root: Signer, signer: Signer, role: KeyRole): Promise<void> {
  await inTransaction(pool, async client => {
    const origin = await requireRoot(client, root)
    const { roles } = await trailKeys(client)
    if (roles.has(signer.vkey)) throw refused(`The key ${signer.name} was added before: a key is added once`)
    if (role === 'log' ? signer.name !== origin : !signer.name.startsWith(`${origin}/`))
      throw refused(`The name ${signer.name} is none of a key of the role ${role} of the log ${origin}`)
    await new EntryWriter(client, { origin, signer: root }).add({
      ...{ kind: 'key', add: [{ key: signer.vkey, role }], revoke: [] }
    })
  })
}

/**
 * Revokes a key: entries from an index of the log on are not believed when it has signed them.
 * @param named its name, or the key as text where several have that name
 * @param from the index; default: the next one, where all that the key has signed is in the log
 * @returns the key as text, and the index
 * @throws AuditError `PROOF_OFF`, `KEY_CHANGE_REFUSED`; a database error
 */
export async function revokeKey(
  pool: Pool,
  root: Signer,
  named: string,
  from?: number
): Promise<{ readonly key: string; readonly index: number }> {
  return inTransaction(pool, async client => {
    const origin = await requireRoot(client, root)
    const { roles, revoked } = await trailKeys(client)
    const [key, ...others] = [...roles.keys()].filter(
      each => each === named || (parseVkey(each).name === named && !revoked.has(each))
    )
    if (key === undefined || revoked.has(key))
      throw refused(`The trail has no key ${named} that is not revoked: \`eventtrail proof key list\` lists them`)
    if (others.length > 0) throw refused(`Several keys have the name ${named}: give the key as text`)
    const index = from ?? (await indexAfter(client, key))
    await new EntryWriter(client, { origin, signer: root }).add({ kind: 'key', add: [], revoke: [{ key, index }] })
    return { key, index }
  })
}

const refused = (words: string): AuditError => new AuditError('KEY_CHANGE_REFUSED', words)

/** @throws AuditError `PROOF_OFF` */
async function requireProof(queries: Queries): Promise<string> {
  const origin = await proofOrigin(queries)
  if (origin === undefined)
    throw new AuditError('PROOF_OFF', 'The trail is not proved: `eventtrail proof init` begins it')
  return origin
}

/** @returns the name of the log @throws AuditError `PROOF_OFF`, `KEY_CHANGE_REFUSED` */
async function requireRoot(queries: Queries, root: Signer): Promise<string> {
  const origin = await requireProof(queries)
  const { rows } = await queries.query<{ entry: string }>(
    "SELECT entry FROM proof_entries WHERE kind = 'key' AND rejected IS NULL ORDER BY number LIMIT 1"
  )
  if (!isSignedBy(rows[0]?.entry, root))
    throw refused(
      `The key ${root.name} has not signed the first keys of this trail: keys are added and revoked by root`
    )
  return origin
}

function isSignedBy(entry: string | undefined, key: Signer): boolean {
  try {
    return entry !== undefined && checkNote(parseNote(entry), [key]).length > 0
  } catch {
    return false
  }
}

/** The next index of the log. @throws AuditError `KEY_CHANGE_REFUSED` where entries of the key are not in the log yet */
async function indexAfter(queries: Queries, vkey: string): Promise<number> {
  const { name, keyId } = parseVkey(vkey)
  const waiting = await queries.query<{ entry: string }>(
    'SELECT entry FROM proof_entries WHERE log_index IS NULL AND rejected IS NULL'
  )
  const own = waiting.rows.filter(({ entry }) =>
    parseNote(entry).signatures.some(each => each.name === name && each.keyId === keyId)
  )
  if (own.length > 0)
    throw refused(
      `${own.length} entries of the key ${name} are not in the log yet, and would not be believed: stop what uses the key, wait a minute, run \`eventtrail proof checkpoint\`, then this again. Of a key that was stolen give --from, the first index that is not believed`
    )
  const { rows } = await queries.query<{ next: string }>(
    'SELECT coalesce(max(log_index) + 1, 0) AS next FROM proof_entries'
  )
  return Number(rows[0]?.next)
}
