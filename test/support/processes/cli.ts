import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { onlyInClone } from '../../../cli/only-in-clone.ts'

const source = fileURLToPath(new URL('../../../cli/main.ts', import.meta.url))

/** The CLI as a program of Node: of integration tests one file, which starts sooner. */
export const cli = process.env.EVENTTRAIL_TEST_CLI ?? source

/** These are loaded from the sources of the clone, with the errors of these. */
const ofClones: readonly string[] = Object.values(onlyInClone).flat()

export interface CliResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs `eventtrail` as a user would, to its end. */
export function runCli(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  input = ''
): Promise<CliResult> {
  return runProgram(ofClones.includes(args[0] ?? '') ? source : cli, args, env, input)
}

/** Runs any program of this clone, to its end. */
export async function runProgram(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  input = ''
): Promise<CliResult> {
  const child = spawn(process.execPath, [file, ...args], { env: { ...process.env, ...env }, stdio: 'pipe' })
  child.stdin.end(input)
  const ended = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve))
  const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
  return { code, stdout, stderr }
}
