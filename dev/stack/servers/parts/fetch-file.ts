import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { StackError } from '../../errors.ts'
import { findProgram } from '../../processes.ts'
import type { PartOptions } from './part.ts'

const run = promisify(execFile)

/** Runs a program that downloads or unpacks something. @throws StackError `DOWNLOAD_FAILED`, `STOPPED` */
export async function runFetch(
  what: string,
  [name, ...args]: readonly [string, ...string[]],
  cwd: string,
  { signal }: PartOptions
): Promise<string> {
  const command = findProgram(name)
  if (!command) throw new StackError('DOWNLOAD_FAILED', `${name}, which downloads ${what}, is not installed`)
  try {
    const { stdout } = await run(command, args, { cwd, maxBuffer: 1 << 26, ...(signal && { signal }) })
    return stdout
  } catch (cause) {
    if (signal?.aborted) throw new StackError('STOPPED', `stopped while ${what} was downloaded`)
    const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim().split('\n').at(-1) : ''
    throw new StackError('DOWNLOAD_FAILED', `${name} could not download ${what}: ${said}`, cause)
  }
}
