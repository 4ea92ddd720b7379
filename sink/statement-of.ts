import { randomUUID } from 'node:crypto'
import { Statement, signNote } from '../proof/index.ts'
import { type Prover, TrailError } from '../trail/index.ts'
import type { ResolvedSinkOptions } from './options.ts'

/** Begins the statements of one session on a trail that is proved. */
export const statementOf = (
  { origin, signer }: Prover,
  { group, topicPrefix }: Pick<ResolvedSinkOptions, 'group' | 'topicPrefix'>
): Statement =>
  new Statement({ origin, writer: randomUUID(), group, prefix: topicPrefix, sign: text => signNote(text, signer) })

/** Whether a sink waits for an operator to give it the right key. */
export const isAboutKey = (error: unknown): error is TrailError =>
  error instanceof TrailError && (error.code === 'PROOF_KEY_MISSING' || error.code === 'PROOF_KEY_REFUSED')
