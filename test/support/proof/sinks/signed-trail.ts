import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { signerText } from '../../../../proof/index.ts'
import { type TestTrail, testTrail } from '../../trail.ts'
import { pemOf } from '../keys.ts'
import { testParties } from '../parties.ts'
import { provedTrail } from '../proved-trail.ts'

/** The text of the file of a key of tests. */
export const keyText = ({ name }: { readonly name: string }): string => signerText(name, pemOf(name))

/** A trail with the proof on, whose sinks have their key: those of the process, and those of `startSink`. */
export async function signedTrail(given?: TestTrail) {
  const trail = await provedTrail(given ?? (await testTrail()))
  const folder = mkdtempSync(join(tmpdir(), 'eventtrail-key-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'sink-1.key')
  writeFileSync(file, keyText(testParties.sink), { mode: 0o600 })
  return {
    ...trail,
    env: { ...trail.env, PROOF_KEY_FILE: file },
    sinkOptions: { ...trail.sinkOptions, proofKey: { file } }
  }
}
