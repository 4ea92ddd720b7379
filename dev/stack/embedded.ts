import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describeError, type Logger, silentLogger } from '../../core/index.ts'
import { partsFolder } from '../tools/index.ts'
import { StackError } from './errors.ts'
import type { Instance } from './instance.ts'
import { choosePorts, type WantedPorts } from './ports.ts'
import type { Java, KafkaParts, MavenOptions, RegistryParts } from './servers/index.ts'
import {
  baseIn,
  chosenVersions,
  ensureJava,
  ensureKafka,
  ensurePostgres,
  ensureRegistry,
  findJava,
  installedPostgres,
  javaForRegistry,
  kafkaPlan,
  postgresPlan,
  registryPlan,
  Server,
  type ServerOptions,
  versionsInWords
} from './servers/index.ts'
import type { Ports, Versions } from './types.ts'

/** All that the servers need on this machine. */
export interface Installed {
  readonly versions: Versions
  readonly java: Java
  readonly kafkaParts: KafkaParts
  readonly registryParts: RegistryParts
  /** A later version of the registry needs a newer Java than the brokers. */
  readonly registryJava: Java
  /** Of Postgres: the folder with bin/, lib/ and share/. */
  readonly binaries: string
}

/** Downloads what is not there yet. @throws StackError */
export async function install(versions: Versions, options: MavenOptions): Promise<Installed> {
  const java = await findJava()
  // What came with the dependencies is looked for first: without it, containers run the servers.
  installedPostgres()
  const kafkaParts = await ensureKafka(versions.kafka, options)
  const registryParts = await ensureRegistry(versions.registry, options)
  const registryJava = await ensureJava(javaForRegistry(versions.registry), options)
  const binaries = await ensurePostgres(versions.postgres, options)
  return { versions, java, kafkaParts, registryParts, registryJava, binaries }
}

/** The folder with bin/, lib/ and share/ of the chosen Postgres. @throws StackError */
export const postgresBinaries = (): Promise<string> =>
  ensurePostgres(chosenVersions().postgres, { say: () => undefined })

export interface EmbeddedOptions extends Installed {
  readonly instance: Instance
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
  checkVersions(options)
  for (const file of archivesIn(instance)) rmSync(file)
  for (let attempt = 1; ; attempt += 1) {
    const layout = { brokers: options.brokers, proxied: options.kafkaProxy !== undefined }
    const ports = await choosePorts(options.ports, attempt === 1 ? instance.state.ports : {}, layout)
    instance.update({ ports, containers: false, versions: options.versions })
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
  const { instance, signal, logger = silentLogger, kafkaParts, registryParts, registryJava, binaries } = options
  const common: ServerOptions = { instance, logger, signal }
  const broker = { ...options, ports, parts: kafkaParts }
  return {
    kafka: new Server(kafkaPlan(broker), common),
    moreBrokers: (ports.moreBrokers ?? []).map((_, at) => new Server(kafkaPlan({ ...broker, node: at + 2 }), common)),
    registry: new Server(registryPlan({ ...options, ports, parts: registryParts, java: registryJava }), common),
    postgres: new Server(postgresPlan({ instance, ports, binaries }), common)
  }
}

/** Data that one version wrote may be unreadable for another. */
function checkVersions({ instance, versions }: EmbeddedOptions): void {
  const written = instance.state.versions
  if (!written || !existsSync(join(instance.data, 'kafka')) || versionsInWords(written) === versionsInWords(versions))
    return
  throw new StackError(
    'SERVER_FAILED',
    `the data of these servers is of ${versionsInWords(written)}, and ${versionsInWords(versions)} are to start: choose the same versions, or remove the data with \`node bin/eventtrail.mjs stack down --wipe\``
  )
}

/** Messages, schemas and rows belong together: where one of them is gone, all must go. */
function lostData({ data, state }: Instance): boolean {
  const kept = ['kafka/meta.properties', 'registry/schemas.mv.db'].map(name => existsSync(join(data, name)))
  const rows = [baseIn(data), ...state.outside].some(folder => existsSync(join(folder, 'postgres', 'eventtrail-ready')))
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
