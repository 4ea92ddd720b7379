import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { cloneRoot } from '../../../dev/tools/folders.ts'

export const verifier = join(cloneRoot, 'verifier/verify.mjs')

export interface Verified {
  readonly status: number | null
  /** Of its findings. */
  readonly codes: readonly string[]
  readonly output: string
}

/** Runs verify.mjs. */
export const runVerifier = (...words: string[]): Verified => run(verifier, words)

/** Holds verify.mjs against vectors. */
export const runVectors = (file: string): Verified => run(join(cloneRoot, 'verifier/vectors.mjs'), [file])

function run(program: string, words: readonly string[]): Verified {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...words], { encoding: 'utf8' })
  const codes = [...stdout.matchAll(/^([A-Z_]{5,}) {2}/gm)].map(([, code = '']) => code)
  return { status, codes, output: stdout + stderr }
}
