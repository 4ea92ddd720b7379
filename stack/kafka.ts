import { randomBytes } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { StackError } from './errors.ts'
import { partsFolder } from './folders.ts'
import type { Instance, Ports } from './instance.ts'
import { type Java, jvmFlags } from './java.ts'
import { probeCoordinator } from './kafka-wire.ts'
import type { Parts } from './parts.ts'
import { ended, lastLines, type Program } from './processes.ts'
import type { ServerPlan } from './server.ts'
import { kafkaSettings, versions } from './settings.ts'

export interface JavaServerOptions {
  readonly instance: Instance
  readonly ports: Ports
  readonly parts: Parts
  readonly java: Java
  /** `quick` starts faster, `full` runs faster in the long run (for benchmarks). */
  readonly compiler: 'quick' | 'full'
}

/** Where the archive of loaded classes lies, and where an instance writes a new one at its clean stop. */
export function classArchive(name: string, { parts, java, instance, compiler }: JavaServerOptions) {
  const file = `${name}-${parts.key}-${java.fingerprint}-${compiler}.jsa`
  return { archive: join(partsFolder, file), fresh: join(instance.folder, file) }
}

/** One broker that is its own controller. Its paths are relative: a comma in a path would split `log.dirs`. */
export function kafkaPlan(options: JavaServerOptions): ServerPlan {
  const { instance, ports, parts, java, compiler } = options
  const java_ = (name: string, log: string, ...args: string[]): Program => ({
    name,
    command: java.command,
    args: ['-cp', parts.kafkaClasspath, ...args],
    cwd: instance.folder,
    log: instance.log(log)
  })
  const logging = `-Dlog4j2.configurationFile=${join(instance.folder, 'log4j2.properties')}`
  return {
    program: java_(
      'kafka',
      'kafka',
      ...jvmFlags({ heapMb: 768, compiler, ...classArchive('kafka', options) }),
      logging,
      'kafka.Kafka',
      'server.properties'
    ),
    async prepare(signal) {
      writeFileSync(join(instance.folder, 'log4j2.properties'), log4j)
      writeFileSync(join(instance.folder, 'server.properties'), serverProperties(ports))
      if (existsSync(join(instance.data, 'kafka', 'meta.properties'))) return
      const template = join(partsFolder, `kafka-${versions.kafka}-formatted`)
      if (!existsSync(template)) {
        rmSync(join(instance.data, 'kafka'), { recursive: true, force: true })
        const storageTool = ['kafka.tools.StorageTool', 'format', '-t', newUuid(), '-c', 'server.properties']
        const format = instance.launch(java_('kafka format', 'kafka-format', '-XX:TieredStopAtLevel=1', ...storageTool))
        const code = await ended(format)
        if (signal?.aborted) throw new StackError('STOPPED', 'stopped while Kafka was set up')
        if (code !== 0) {
          throw new StackError(
            'SERVER_FAILED',
            `Kafka's folder could not be set up:\n${lastLines(instance.log('kafka-format'))}`
          )
        }
        keepTemplate(join(instance.data, 'kafka'), template, instance.id)
        return
      }
      mkdirSync(instance.data, { recursive: true })
      cpSync(template, join(instance.data, 'kafka'), { recursive: true })
      renewIds(join(instance.data, 'kafka', 'meta.properties'))
    },
    probe: () => probeCoordinator(ports.kafka)
  }
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

/** Two clusters made from one template must not pass for the same. */
function renewIds(file: string): void {
  const renewed = readFileSync(file, 'utf8').replace(
    /^(cluster|directory)\.id=.*$/gm,
    (_, what) => `${what}.id=${newUuid()}`
  )
  writeFileSync(file, renewed)
}

/** An id as Kafka writes them; one that starts with a dash would look like a flag. */
function newUuid(): string {
  for (;;) {
    const id = randomBytes(16).toString('base64url')
    if (!id.startsWith('-')) return id
  }
}

function serverProperties(ports: Ports): string {
  const lines = Object.entries({
    ...kafkaSettings,
    'controller.quorum.voters': `${kafkaSettings['node.id']}@127.0.0.1:${ports.controller}`,
    listeners: `PLAINTEXT://127.0.0.1:${ports.kafka},CONTROLLER://127.0.0.1:${ports.controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${ports.kafka}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': 'data/kafka'
  })
  return lines.map(([key, value]) => `${key}=${value}\n`).join('')
}

const log4j = `status=error
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d{ISO8601} %p %c{1} %m%n
rootLogger.level=warn
rootLogger.appenderRef.out.ref=out
`
