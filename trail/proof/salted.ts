import { randomBytes } from 'node:crypto'
import type { Queries } from '../../postgres/index.ts'
import { wordsDigest } from '../../proof/index.ts'
import { EntryWriter, type Prover } from './prover.ts'

/** Bytes that are kept with a row and keep its digest from being guessed; without them it says nothing. */
export const newSalt = (): Buffer => randomBytes(16)

/** A row of another table that an entry is about. */
export interface SaltedRow {
  readonly kind: 'hold' | 'release' | 'disclosure'
  readonly salt: Buffer
  /** What docs/proof-format.md names for its kind. */
  readonly members: Readonly<Record<string, unknown>> & { readonly number: number }
}

/** Signs what a row says, of which the entry has the salted digest alone. @throws ProofError; a database error */
export async function addSalted(client: Queries, prover: Prover, { kind, salt, members }: SaltedRow): Promise<void> {
  const row = wordsDigest(salt, JSON.stringify(members))
  await new EntryWriter(client, prover).add({ kind, number: members.number, row })
}
