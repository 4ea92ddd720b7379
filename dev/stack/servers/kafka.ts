import { createHash, randomBytes } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { lastLines } from '../../processes/index.ts'
import { partsFolder } from '../../tools/index.ts'
import { StackError } from '../errors.ts'
import type { Instance } from '../instance.ts'
import { ended, type Program } from '../processes.ts'
import type { BrokerPorts, Ports } from '../types.ts'
import { type Java, jvmFlags } from './java.ts'
import { probeCoordinator } from './kafka-wire.ts'
import type { KafkaParts } from './parts/index.ts'
import type { ServerPlan } from './server.ts'
import { clusterSettings, kafkaSettings } from './settings.ts'

export interface JavaServerOptions {
  readonly instance: Instance
  readonly ports: Ports
  readonly java: Java
  /** `quick` starts faster, `full` runs faster in the long run (for benchmarks). */
  readonly compiler: 'quick' | 'full'
}

/** Where the archive of loaded classes is, and where an instance writes a new one at its clean stop. */
export function classArchive(key: string, { java, instance, compiler }: JavaServerOptions) {
  const file = `${key}-${java.fingerprint}-${compiler}.jsa`
  return { archive: join(partsFolder, file), fresh: join(instance.folder, file) }
}

export interface BrokerOptions extends JavaServerOptions {
  readonly parts: KafkaParts
  /** From 1. Default 1. */
  readonly node?: number
  /** Port of the proxy that clients of the listener `proxied` are sent to. */
  readonly kafkaProxy?: number | undefined
  readonly brokerSettings?: Readonly<Record<string, string>> | undefined
  /** Further flags of the JVM. */
  readonly moreJvmFlags?: readonly string[]
  /** Further arguments for formatting the folder, such as users of SCRAM: a folder of such a kind is not kept for others. */
  readonly format?: readonly string[]
}

/**
 * One broker that is a controller too, alone or of a cluster. Its paths are relative: a comma in a path would split
 * `log.dirs`.
 */
export function kafkaPlan(options: BrokerOptions): ServerPlan {
  const { instance, parts, java, compiler, node = 1, moreJvmFlags = [], format: formatting = [] } = options
  // The first broker has the names that a single one always had.
  const suffix = node === 1 ? '' : `-${node}`
  const properties = `server${suffix}.properties`
  const data = join(instance.data, `kafka${suffix}`)
  const java_ = (name: string, log: string, ...args: string[]): Program => ({
    name,
    command: java.command,
    args: ['-cp', parts.classpath, ...args],
    cwd: instance.folder,
    log: instance.log(log)
  })
  const logging = `-Dlog4j2.configurationFile=${join(instance.folder, 'log4j2.properties')}`
  const archives = classArchive(parts.key, options)
  return {
    program: java_(
      `kafka${suffix}`,
      `kafka${suffix}`,
      // Three that wrote one archive at their end would spoil it: only the first one's is kept.
      ...jvmFlags({ heapMb: 768, compiler, ...archives, ...(suffix && { fresh: `${data}.jsa` }) }),
      logging,
      ...moreJvmFlags,
      'kafka.Kafka',
      properties
    ),
    async prepare(signal) {
      writeFileSync(join(instance.folder, 'log4j2.properties'), log4j)
      writeFileSync(join(instance.folder, properties), serverProperties(options, `data/kafka${suffix}`))
      if (existsSync(join(data, 'meta.properties'))) return
      const template = join(partsFolder, `kafka-${parts.version}-formatted`)
      const isUsual = formatting.length === 0
      if (isUsual && existsSync(template)) {
        mkdirSync(instance.data, { recursive: true })
        cpSync(template, data, { recursive: true })
      } else {
        rmSync(data, { recursive: true, force: true })
        const storageTool = ['kafka.tools.StorageTool', 'format', '-t', newUuid(), '-c', properties, ...formatting]
        const log = `kafka-format${suffix}`
        const format = instance.launch(java_(`kafka format${suffix}`, log, '-XX:TieredStopAtLevel=1', ...storageTool))
        const code = await ended(format)
        if (signal?.aborted) throw new StackError('STOPPED', 'stopped while Kafka was set up')
        if (code !== 0) {
          throw new StackError('SERVER_FAILED', `Kafka's folder could not be set up:\n${lastLines(instance.log(log))}`)
        }
        if (isUsual) keepTemplate(data, template, `${instance.id}${suffix}`)
      }
      renewIds(join(data, 'meta.properties'), clusterId(instance.id), node)
    },
    probe: () => probeCoordinator(brokerPorts(options.ports)[node - 1]?.kafka ?? 0)
  }
}

/** Of all brokers, in the order of their numbers. */
function brokerPorts({ kafka, controller, moreBrokers = [] }: Ports): readonly BrokerPorts[] {
  return [{ kafka, controller }, ...moreBrokers]
}

/** Saves a second of every later start; of two that come at once the first wins. */
function keepTemplate(formatted: string, template: string, id: string): void {
  const mine = `${template}.${id}`
  cpSync(formatted, mine, { recursive: true })
  try {
    renameSync(mine, template)
  } catch {
    rmSync(mine, { recursive: true, force: true })
  }
}

/** Two clusters made from one template must not pass for the same, nor two brokers of one. */
function renewIds(file: string, cluster: string, node: number): void {
  const ids: Readonly<Record<string, string>> = {
    'cluster.id': cluster,
    'directory.id': newUuid(),
    'node.id': `${node}`
  }
  const renewed = readFileSync(file, 'utf8').replace(/^(.+\.id)=.*$/gm, (line, what) =>
    ids[what] === undefined ? line : `${what}=${ids[what]}`
  )
  writeFileSync(file, renewed)
}

/** The same for all brokers of an instance. */
function clusterId(instance: string): string {
  // One that starts with a dash would look like a flag.
  return `e${createHash('sha256').update(instance).digest('base64url').slice(0, 21)}`
}

/** An id as Kafka writes them; one that starts with a dash would look like a flag. */
function newUuid(): string {
  for (;;) {
    const id = randomBytes(16).toString('base64url')
    if (!id.startsWith('-')) return id
  }
}

function serverProperties({ ports, node = 1, kafkaProxy, brokerSettings }: BrokerOptions, logDirs: string): string {
  const brokers = brokerPorts(ports)
  const own = brokers[node - 1] as BrokerPorts
  const proxied = node === 1 && ports.proxied !== undefined && kafkaProxy !== undefined
  const also = (port: number | undefined) => (proxied ? [`PROXIED://127.0.0.1:${port}`] : [])
  const listeners = [`PLAINTEXT://127.0.0.1:${own.kafka}`, ...also(ports.proxied)]
  const lines = Object.entries({
    ...kafkaSettings,
    ...(brokers.length > 1 && clusterSettings),
    'node.id': String(node),
    'controller.quorum.voters': brokers.map(({ controller }, at) => `${at + 1}@127.0.0.1:${controller}`).join(),
    listeners: [...listeners, `CONTROLLER://127.0.0.1:${own.controller}`].join(),
    'advertised.listeners': [`PLAINTEXT://127.0.0.1:${own.kafka}`, ...also(kafkaProxy)].join(),
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': logDirs,
    ...brokerSettings
  })
  return lines.map(([key, value]) => `${key}=${value}\n`).join('')
}

// At this level the authorizer writes what it denies, which only tests with access control have.
const log4j = `status=error
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d{ISO8601} %p %c{1} %m%n
rootLogger.level=warn
rootLogger.appenderRef.out.ref=out
logger.authorizer.name=kafka.authorizer.logger
logger.authorizer.level=info
`
