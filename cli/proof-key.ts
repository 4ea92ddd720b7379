import { readKeyFile } from '../audit/index.ts'
import { shellOperator } from '../operations/index.ts'
import type { Pool } from '../postgres/index.ts'
import type { Signer } from '../proof/index.ts'
import { type ProofRole, proverOf, type Signing } from '../trail/index.ts'
import type { Config } from './config.ts'

/**
 * The key of the configuration; undefined where none is given.
 * @throws AuditError `KEY_FILE_REFUSED`; ProofError `KEY_INVALID`
 */
export function signerOf(config: Config): Signer | undefined {
  const path = config.get('proofKeyFile')
  return path === undefined ? undefined : readKeyFile(path)
}

/**
 * Who acts, with the key of the configuration: asked for before anything is recorded or changed.
 * @throws TrailError `PROOF_KEY_MISSING`, `PROOF_KEY_REFUSED`; as {@link signerOf}; a database error
 */
export async function signingOf(config: Config, pool: Pool, role: ProofRole = 'operator'): Promise<Signing> {
  const signer = signerOf(config)
  await proverOf(pool, signer, role)
  return { signer, actor: shellOperator().actor, topicPrefix: config.get('topicPrefix') }
}
