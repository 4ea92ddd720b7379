import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cloneRoot } from '../tools/index.ts'
import { StackError } from './errors.ts'
import { findProgram } from './processes.ts'
import type { Ports, RestartableServer } from './types.ts'

const run = promisify(execFile)
const serverNames = ['kafka', 'registry', 'postgres'] as const

/** Whether a Docker engine with compose answers. */
export async function dockerAnswers(): Promise<boolean> {
  if (!findProgram('docker')) return false
  try {
    await run('docker', ['compose', 'version'], { timeout: 10_000 })
    await run('docker', ['info'], { timeout: 10_000 })
    return true
  } catch {
    return false
  }
}

/** Runs `docker compose` on the servers of one instance: its project carries the instance's id. */
async function compose(id: string, args: string[], ports?: Ports, signal?: AbortSignal): Promise<string> {
  const env = {
    ...process.env,
    ...(ports && {
      EVENTTRAIL_KAFKA_PORT: String(ports.kafka),
      EVENTTRAIL_REGISTRY_PORT: String(ports.registry),
      EVENTTRAIL_POSTGRES_PORT: String(ports.postgres)
    })
  }
  const file = join(cloneRoot, 'docker-compose.yml')
  const { stdout } = await run('docker', ['compose', '--project-name', `eventtrail-${id}`, '--file', file, ...args], {
    cwd: cloneRoot,
    env,
    maxBuffer: 1 << 26,
    ...(signal && { signal })
  })
  return stdout
}

/** Whose containers they are. */
interface ContainerOwner {
  readonly id: string
  update(state: { readonly containers: boolean; readonly ports: Ports }): void
}

/** Starts the servers in containers and resolves when their health checks pass. @throws StackError `SERVER_FAILED` */
export async function startContainers(instance: ContainerOwner, ports: Ports, signal?: AbortSignal) {
  instance.update({ containers: true, ports })
  try {
    await compose(instance.id, ['up', '--detach', '--wait', ...serverNames], ports, signal)
  } catch (cause) {
    const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim().split('\n').at(-1) : ''
    throw new StackError('SERVER_FAILED', `docker compose could not start the servers: ${said}`, cause)
  }
  const container = (name: string): RestartableServer => ({
    pid: undefined,
    stop: async () => void (await compose(instance.id, ['stop', name], ports)),
    kill: async () => void (await compose(instance.id, ['kill', name], ports)),
    start: async () => void (await compose(instance.id, ['up', '--detach', '--wait', name], ports))
  })
  return {
    kafka: container('kafka'),
    moreBrokers: [],
    registry: container('registry'),
    postgres: container('postgres')
  }
}

/** Removes an instance's containers, and their data where it is not to be kept. */
export async function removeContainers(id: string, options: { keepData: boolean }): Promise<void> {
  await compose(id, ['down', '--remove-orphans', ...(options.keepData ? [] : ['--volumes'])])
}

/** The services of an instance whose containers run. */
export async function runningContainers(id: string): Promise<string[]> {
  const services = await compose(id, ['ps', '--services', '--status', 'running']).catch(() => '')
  return services.split('\n').filter(Boolean)
}
