import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll } from 'vitest'

const run = promisify(execFile)

/** A Python that can import what was asked for. */
export interface Python {
  /** Runs a script with text on its stdin; resolves to its stdout. */
  run(script: string, input: string): Promise<string>
}

// What a distribution packages is seen by its own interpreter alone; the one on the PATH may be another.
const interpreters = ['/usr/bin/python3', 'python3']

/**
 * Finds a Python with these modules; where there is none, pip brings them into a folder of their own for this run.
 * @param packages module → its name for pip.
 */
export async function pythonWith(packages: Readonly<Record<string, string>>): Promise<Python> {
  const wanted = `import ${Object.keys(packages).join(', ')}`
  for (const program of interpreters) if (await succeeds(program, ['-c', wanted])) return pythonAt(program)

  const folder = await mkdtemp(join(tmpdir(), 'eventtrail python '))
  afterAll(() => rm(folder, { recursive: true, force: true }))
  const faults: string[] = []
  for (const program of interpreters) {
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', folder]
    try {
      await run(program, [...install, ...Object.values(packages)])
      const env = { ...process.env, PYTHONPATH: folder }
      if (await succeeds(program, ['-c', wanted], env)) return pythonAt(program, env)
      faults.push(`${program} does not find what its pip installed`)
    } catch (error) {
      faults.push(`${program}: ${(error as Error).message.trim().split('\n').at(-1)}`)
    }
  }
  throw new Error(
    `This test needs a Python 3 with ${Object.keys(packages).join(' and ')}, and pip could not bring them (${faults.join('; ')}). On Debian: apt-get install python3-confluent-kafka python3-avro`
  )
}

async function succeeds(program: string, args: string[], env = process.env): Promise<boolean> {
  if (program.startsWith('/') && !existsSync(program)) return false
  return run(program, args, { env }).then(
    () => true,
    () => false
  )
}

function pythonAt(program: string, env = process.env): Python {
  return {
    async run(script, input) {
      const running = run(program, [script], { env })
      running.child.stdin?.end(input)
      return (await running).stdout
    }
  }
}
