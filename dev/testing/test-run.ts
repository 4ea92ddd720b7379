import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { type CommandContext, type ExitCode, exitCodes } from '../../cli/index.ts'
import { type Stack, startStack } from '../stack/index.ts'
import { cloneRoot } from '../tools/index.ts'

const needed = ['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL', 'DATABASE_URL'] as const

/**
 * Runs vitest, but for the integrity suite, with servers of its own, or with those that the environment names already. The servers belong to
 * this process and not to vitest, which does not end what it started when it is interrupted.
 */
export async function runTests(
  context: CommandContext,
  args: string[],
  options: { unit?: boolean }
): Promise<ExitCode> {
  const unitOnly = options.unit === true || (args.length > 0 && args.every(arg => arg.startsWith('test/unit')))
  const given = givenServers()
  if (given && !unitOnly) context.say('using the servers that KAFKA_BROKERS, SCHEMA_REGISTRY_URL and DATABASE_URL name')
  let stack: Stack | undefined
  try {
    if (!unitOnly && !given) {
      stack = await startStack({ kind: 'test', onProgress: context.say, logger: context.log, signal: context.signal })
    }
    const projects = unitOnly ? unitProjects : args.includes('--project') ? [] : [...unitProjects, 'integration']
    return await runVitest(context, [...projects.flatMap(name => ['--project', name]), ...args], stack)
  } finally {
    await stack?.stop()
  }
}

const unitProjects = ['unit', 'unit-kafka']

/** Whether the environment names all servers already. */
export const givenServers = (): boolean => needed.every(name => Boolean(process.env[name]))

export async function runVitest(
  context: CommandContext,
  args: string[],
  stack: Stack | undefined,
  env: Readonly<Record<string, string>> = {}
): Promise<ExitCode> {
  const vitest = spawn(process.execPath, [join(cloneRoot, 'node_modules', 'vitest', 'vitest.mjs'), 'run', ...args], {
    cwd: cloneRoot,
    stdio: 'inherit',
    env: { ...process.env, ...stack?.env, ...env }
  })
  stack?.adopt('vitest', vitest.pid)
  const stop = () => vitest.kill()
  context.signal.addEventListener('abort', stop, { once: true })
  const [code] = (await once(vitest, 'exit')) as [number | null]
  context.signal.removeEventListener('abort', stop)
  if (context.signal.aborted) return exitCodes.interrupted
  return code === 0 ? exitCodes.ok : exitCodes.notOk
}
