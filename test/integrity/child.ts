import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'

/** Ends a process with the test, which waits for its last word. Called in a test. @returns its exit code and signal */
export function endedWithTest(child: ChildProcess): Promise<[code: number | null, signal: NodeJS.Signals | null]> {
  const closed = once(child, 'close').then(([code, signal]) => [code, signal] as [number | null, NodeJS.Signals | null])
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await closed
  })
  return closed
}
