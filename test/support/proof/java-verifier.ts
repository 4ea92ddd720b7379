import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { findJava } from '../../../dev/stack/index.ts'
import { cloneRoot } from '../../../dev/tools/folders.ts'

/** Runs test/verifiers/java/Verify.java. */
export async function runJava(...words: string[]) {
  const { command } = await findJava()
  const program = join(cloneRoot, 'test', 'verifiers', 'java', 'Verify.java')
  return new Promise<{ code: number | string; stdout: string; stderr: string }>(resolve => {
    // It starts and ends before the second compiler of the JVM is worth its time.
    execFile(command, ['-XX:TieredStopAtLevel=1', program, ...words], (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr })
    )
  })
}

/** Bundles and proofs of events, by their paths: whether the verifier in Java finds that they hold, or why not. */
export async function heldByJava(trust: string, paths: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const { stdout, stderr } = await runJava('--trust', trust, ...paths)
  if (stderr !== '') throw new Error(stderr)
  return Object.fromEntries(
    stdout
      .trim()
      .split('\n')
      .map(line => {
        const [, verdict = '', path = '', why = ''] = /^(holds|refused) (.*?)(?:: (.*))?$/.exec(line) ?? []
        return [path, why === '' ? verdict : `${verdict}: ${why}`]
      })
  )
}
