import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, onTestFinished } from 'vitest'

/** The exit code and the signal of a process. */
type Closed = Promise<[code: number | null, signal: NodeJS.Signals | null]>

/** Ends a process with the test, which waits for its last word. Called in a test. @returns its exit code and signal */
export const endedWithTest = (child: ChildProcess): Closed => endedWith(onTestFinished, child)

/** The same with the last test of the file. Called outside of tests. */
export const endedWithFile = (child: ChildProcess): Closed => endedWith(afterAll, child)

function endedWith(end: (hook: () => Promise<void>) => void, child: ChildProcess): Closed {
  const closed = once(child, 'close').then(([code, signal]) => [code, signal] as Awaited<Closed>)
  end(async () => {
    child.kill('SIGKILL')
    await closed
  })
  return closed
}
