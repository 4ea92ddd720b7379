import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describeError, type Logger, silentLogger } from '../../core/index.ts'
import { partsFolder } from '../tools/index.ts'
import { StackError } from './errors.ts'
import type { Instance } from './instance.ts'
import { choosePorts, type WantedPorts } from './ports.ts'
import type { Java, Parts } from './servers/index.ts'
import { kafkaPlan, postgresPlan, registryPlan, Server, type ServerOptions } from './servers/index.ts'
import type { Ports } from './types.ts'

export interface EmbeddedOptions {
  readonly instance: Instance
  readonly parts: Parts
  readonly java: Java
  readonly compiler: 'quick' | 'full'
  readonly ports?: WantedPorts | undefined
  readonly brokers?: number | undefined
  readonly kafkaProxy?: number | undefined
  readonly brokerSettings?: Readonly<Record<string, string>> | undefined
  readonly registryEnv?: Readonly<Record<string, string>> | undefined
  readonly logger?: Logger | undefined
  readonly signal?: AbortSignal | undefined
  readonly say: (line: string) => void
}

/** The servers as processes of this machine. */
export interface EmbeddedServers {
  readonly kafka: Server
  /** The second and third of a cluster. */
  readonly moreBrokers: readonly Server[]
  readonly registry: Server
  readonly postgres: Server
}

/** Starts them side by side; when a free-chosen port was taken in between, once more on others. */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServers> {
  const { instance, say } = options
  if (lostData(instance)) await instance.wipe()
  for (const file of archivesIn(instance)) rmSync(file)
  for (let attempt = 1; ; attempt += 1) {
    const layout = { brokers: options.brokers, proxied: options.kafkaProxy !== undefined }
    const ports = await choosePorts(options.ports, attempt === 1 ? instance.state.ports : {}, layout)
    instance.update({ ports, containers: false })
    const servers = makeServers(options, ports)
    const outcomes = await Promise.allSettled(allOf(servers).map(server => server.start()))
    const failures = outcomes.flatMap(outcome => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []))
    if (failures.length === 0) return servers
    await Promise.all(allOf(servers).map(server => server.stop()))
    const portTaken = failures.every(failure => failure instanceof StackError && failure.code === 'PORT_IN_USE')
    if (!portTaken || attempt === 3) throw failures[0]
    say(`trying other ports: ${describeError(failures[0])}`)
  }
}

const allOf = ({ kafka, moreBrokers, registry, postgres }: EmbeddedServers): Server[] => [
  kafka,
  ...moreBrokers,
  registry,
  postgres
]

function makeServers(options: EmbeddedOptions, ports: Ports): EmbeddedServers {
  const { instance, signal, logger = silentLogger } = options
  const common: ServerOptions = { instance, logger, signal }
  return {
    kafka: new Server(kafkaPlan({ ...options, ports }), common),
    moreBrokers: (ports.moreBrokers ?? []).map(
      (_, at) => new Server(kafkaPlan({ ...options, ports, node: at + 2 }), common)
    ),
    registry: new Server(registryPlan({ ...options, ports }), common),
    postgres: new Server(postgresPlan({ instance, ports }), common)
  }
}

/** Messages, schemas and rows belong together: where one of them is gone, all must go. */
function lostData({ data, state }: Instance): boolean {
  const kept = ['kafka/meta.properties', 'registry/schemas.mv.db'].map(name => existsSync(join(data, name)))
  const rows = [data, ...state.outside].some(folder => existsSync(join(folder, 'postgres', 'eventtrail-ready')))
  return ![...kept, rows].every(Boolean)
}

function archivesIn({ folder }: Instance): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter(name => name.endsWith('.jsa'))
    .map(name => join(folder, name))
}

/** Keeps the class archives that the JVMs of an instance wrote when they ended; call after a clean stop. */
export function keepArchives(instance: Instance): void {
  for (const file of archivesIn(instance)) renameSync(file, join(partsFolder, file.slice(instance.folder.length + 1)))
}
