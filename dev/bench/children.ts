import { fileURLToPath } from 'node:url'
import { Child, type ChildOptions, startCli } from '../processes/index.ts'
import { BenchError } from './errors.ts'

type Contender = Omit<ChildOptions, 'errorOf'>

const errorOf = (message: string, cause: Error | undefined) => new BenchError('CHILD_FAILED', message, cause)

/** Starts a program of a contender. */
export const startProgram = (options: Contender): Child => new Child({ ...options, errorOf })

/** Starts `eventtrail <args>`. */
export const startSubject = (args: readonly string[], options: Omit<Contender, 'command' | 'args'>): Child =>
  startCli(args, { ...options, errorOf })

/** Starts a TypeScript file of this folder. */
export function startScript(
  file: string,
  args: readonly string[],
  options: Omit<Contender, 'command' | 'args'>
): Child {
  const path = fileURLToPath(new URL(file, import.meta.url))
  return startProgram({
    ...options,
    command: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', path, ...args]
  })
}
