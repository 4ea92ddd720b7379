import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Logger } from '../../core/index.ts'
import { onlyOnce, UsageError } from '../../core/index.ts'
import { cloneRoot } from '../tools/index.ts'
import { dockerAnswers, startContainers } from './docker.ts'
import { install, keepArchives, startEmbedded } from './embedded.ts'
import { StackError } from './errors.ts'
import { makeFolders } from './folders.ts'
import { Instance, sweep } from './instance.ts'
import { choosePorts, type WantedPorts } from './ports.ts'
import { areUsual, chosenVersions, database, databaseUrl, registryPath, versionsInWords } from './servers/index.ts'
import type { RestartableServer, Versions } from './types.ts'

/** The variables that every part of eventtrail reads to find its servers. */
export interface StackEnv {
  readonly KAFKA_BROKERS: string
  readonly SCHEMA_REGISTRY_URL: string
  readonly DATABASE_URL: string
}

export interface StackOptions {
  /** Names the instance's folder and says in lists what it is for. Default `stack`. */
  readonly kind?: string
  /** Ports on 127.0.0.1. Default: free ones. */
  readonly ports?: WantedPorts
  /**
   * True for servers that outlive this process and keep their data: the instance is then found by its kind,
   * and `stop` leaves the data there. Default false: all ends with this process, data too.
   */
  readonly keepData?: boolean
  /** Three are a cluster: replication factor 3, two in-sync replicas for a write. Only without Docker. Default 1. */
  readonly brokers?: 1 | 3
  /**
   * Port of a proxy on 127.0.0.1. The (single) broker then has a second listener at `proxied`, and sends clients
   * that connect there to this port. Only without Docker.
   */
  readonly kafkaProxy?: number
  /** Further settings of the brokers. Only without Docker. */
  readonly brokerSettings?: Readonly<Record<string, string>>
  /** Further variables for the registry's environment. Only without Docker. */
  readonly registryEnv?: Readonly<Record<string, string>>
  /** Default: those that the environment chooses. Others than the usual ones only without Docker. */
  readonly versions?: Versions
  /** `full` lets the JVMs compile for long runs (benchmarks). Default `quick`: they start faster. */
  readonly compiler?: 'quick' | 'full'
  /** Gets a line for the person who waits. */
  readonly onProgress?: (line: string) => void
  readonly logger?: Logger
  /** Ends a start that is under way; what was started is stopped. */
  readonly signal?: AbortSignal
}

/** Running servers. */
export interface Stack extends AsyncDisposable {
  /** Names its folder under `.eventtrail/run`. */
  readonly id: string
  readonly env: StackEnv
  /** The single servers, for tests of what happens when one goes away. */
  readonly restartable: {
    readonly kafka: RestartableServer
    readonly registry: RestartableServer
    readonly postgres: RestartableServer
  }
  /** All brokers, the first one again. */
  readonly brokers: readonly RestartableServer[]
  /** Port of the second listener of Kafka, for the proxy to lead to; undefined without `kafkaProxy`. */
  readonly proxied: number | undefined
  /** Where the servers write their logs. */
  readonly logs: string
  /** Major versions of the Java that runs them; undefined in containers. */
  readonly java: { readonly kafka: number; readonly registry: number } | undefined
  /** Records a child process of the caller that must not outlive the stack, even when the caller is killed. */
  adopt(name: string, pid: number | undefined): void
  /** Stops everything; a second call gets the first one's promise. */
  stop(): Promise<void>
}

/**
 * Starts Kafka, the schema registry and Postgres on 127.0.0.1 and resolves when all three answer. Downloads
 * them first where they are not there yet, and clears away what killed runs left.
 * @throws StackError
 */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const { kind = 'stack', keepData = false, onProgress: say = () => {} } = options
  makeFolders()
  const swept = await sweep()
  if (swept > 0) say(`cleared away what ${swept} killed ${swept === 1 ? 'run' : 'runs'} had left running`)
  const instance = keepData ? Instance.lasting(kind) : Instance.forThisProcess(kind)
  const dismissWatchdog = keepData ? async () => {} : startWatchdog(instance)
  let failed = true
  let running: readonly RestartableServer[] = []
  const stop = onlyOnce(async () => {
    await instance.endClients()
    await Promise.all(running.map(server => server.stop()))
    await instance.endProcesses()
    keepArchives(instance)
    if (!keepData) instance.remove({ keepLogs: failed && !options.signal?.aborted })
    await dismissWatchdog()
  })
  try {
    const { moreBrokers, java, ...restartable } = await startServers(instance, options, say)
    const brokers = [restartable.kafka, ...moreBrokers]
    running = [...brokers, restartable.registry, restartable.postgres]
    const { ports } = instance.state
    if (!ports) throw new Error('servers without ports')
    const env: StackEnv = {
      KAFKA_BROKERS: [ports, ...(ports.moreBrokers ?? [])].map(({ kafka }) => `127.0.0.1:${kafka}`).join(),
      SCHEMA_REGISTRY_URL: `http://127.0.0.1:${ports.registry}${registryPath}`,
      DATABASE_URL: databaseUrl(ports, instance.state.containers ? database.password : instance.state.password)
    }
    instance.update({ env: { ...env } })
    failed = false
    return {
      id: instance.id,
      env,
      restartable,
      brokers,
      proxied: ports.proxied,
      logs: instance.logs,
      java,
      adopt: (name, pid) => instance.adopt({ name, pid, client: true }),
      stop,
      [Symbol.asyncDispose]: stop
    }
  } catch (error) {
    await stop().catch(failure => options.logger?.error({ err: failure }, 'the stack could not be stopped'))
    throw options.signal?.aborted ? new StackError('STOPPED', 'stopped while the servers were starting') : error
  }
}

async function startServers(instance: Instance, options: StackOptions, say: (line: string) => void) {
  const versions = options.versions ?? chosenVersions()
  const embedded = await prepareEmbedded(instance, versions, say, options.signal)
  if (
    !embedded &&
    (options.brokers === 3 || options.kafkaProxy !== undefined || options.brokerSettings || options.registryEnv)
  )
    throw new StackError('SERVER_FAILED', 'several brokers, a proxy and settings of servers are only without Docker')
  const began = performance.now()
  const others = areUsual(versions) ? '' : ` (${versionsInWords(versions)})`
  say(`starting Kafka, the schema registry and Postgres${embedded ? others : ' with docker compose'}`)
  const servers = embedded
    ? await startEmbedded({ compiler: 'quick', ...options, ...embedded, instance, say })
    : await startContainers(instance, await choosePorts(options.ports, instance.state.ports), options.signal)
  say(`Kafka, the schema registry and Postgres are ready after ${((performance.now() - began) / 1_000).toFixed(1)} s`)
  const java = embedded && { kafka: embedded.java.version, registry: embedded.registryJava.version }
  return { ...servers, java }
}

const choices = ['embedded', 'docker'] as const

/** What EVENTTRAIL_STACK asks for, undefined when it is not set. @throws UsageError when it is neither of them */
export function stackChoice(): (typeof choices)[number] | undefined {
  const given = process.env.EVENTTRAIL_STACK || undefined
  const choice = choices.find(each => each === given)
  if (given !== undefined && !choice)
    throw new UsageError(`EVENTTRAIL_STACK must be ${choices.join(' or ')} or not set, got ${given}`)
  return choice
}

/**
 * Java and the servers it runs, or undefined where Docker is to run them: EVENTTRAIL_STACK says so, or this
 * machine lacks something and has a Docker engine.
 */
async function prepareEmbedded(
  instance: Instance,
  versions: Versions,
  say: (line: string) => void,
  signal?: AbortSignal
) {
  const choice = stackChoice()
  // Containers have the versions that docker-compose.yml pins.
  const mayBeDocker = areUsual(versions)
  if (choice === 'docker' && !mayBeDocker)
    throw new UsageError('versions of the servers can be chosen without Docker only: unset EVENTTRAIL_STACK')
  if (choice === 'docker') {
    if (await dockerAnswers()) return undefined
    throw new StackError(
      'DOCKER_MISSING',
      'EVENTTRAIL_STACK asks for Docker, and no Docker engine with compose answers: start one, or unset EVENTTRAIL_STACK'
    )
  }
  try {
    return await install(versions, { instance, say, signal })
  } catch (error) {
    const lacking = error instanceof StackError && error.code.endsWith('_MISSING')
    if (lacking && mayBeDocker && choice !== 'embedded' && (await dockerAnswers())) return undefined
    throw error
  }
}

/** Ends what an instance runs when this process is killed. @returns dismisses it */
export function startWatchdog(instance: Instance): () => Promise<void> {
  const watchdog: ChildProcess = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(cloneRoot, 'dev', 'stack', 'watchdog.ts'), instance.id],
    { cwd: cloneRoot, detached: true, stdio: ['pipe', 'ignore', 'ignore'] }
  )
  watchdog.unref()
  const { stdin } = watchdog
  stdin?.on('error', () => {})
  if (stdin && 'unref' in stdin && typeof stdin.unref === 'function') stdin.unref()
  return async () => {
    if (watchdog.exitCode !== null || watchdog.signalCode !== null) return
    watchdog.ref()
    const gone = once(watchdog, 'exit')
    stdin?.end('dismissed')
    await gone
  }
}
