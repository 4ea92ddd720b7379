import { chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Instance } from '../instance.ts'
import type { Java } from './java.ts'
import { findPlace } from './place.ts'
import type { ServerPlan } from './server.ts'
import { openSearchSettings } from './settings.ts'

export interface OpenSearchOptions {
  readonly instance: Instance
  readonly java: Java
  /** The folder with lib/ and modules/. */
  readonly home: string
  /** Of HTTP and of the node's own protocol, on 127.0.0.1. */
  readonly ports: { readonly http: number; readonly transport: number }
}

/** MB of heap; with what a JVM needs besides, 300 MB while it is idle. */
const heapMb = 384

/**
 * A single node without login and TLS. Java is started as bin/opensearch would, without the three JVMs that the script
 * starts before.
 */
export function openSearchPlan({ instance, java, home, ports }: OpenSearchOptions): ServerPlan {
  const base = join(instance.data, 'search')
  const place = findPlace(instance, { binaries: home, program: 'lib', base, copy: 'opensearch' })
  const folder = (name: string): string => join(place.base, name)
  const settings = {
    ...openSearchSettings,
    'cluster.name': instance.id,
    'http.host': '127.0.0.1',
    'http.port': String(ports.http),
    'transport.host': '127.0.0.1',
    'transport.port': String(ports.transport),
    'path.data': folder('data'),
    'path.logs': folder('logs')
  }
  return {
    program: {
      name: 'opensearch',
      command: java.command,
      args: [
        ...[`-Xms${heapMb}m`, `-Xmx${heapMb}m`, '-Xss1m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'],
        ...systemProperties,
        // As jvm.options has it: 18 and newer start with no security manager, which OpenSearch 2 sets.
        '-Djava.security.manager=allow',
        ...[`-Djava.io.tmpdir=${folder('tmp')}`, `-Djna.tmpdir=${folder('tmp')}`],
        ...[`-Dopensearch.path.home=${place.binaries}`, `-Dopensearch.path.conf=${folder('conf')}`],
        ...['-cp', join(place.binaries, 'lib', '*'), 'org.opensearch.bootstrap.OpenSearch']
      ],
      cwd: place.base,
      log: instance.log('opensearch'),
      ...(place.user && { user: place.user })
    },
    async prepare() {
      rmSync(folder('tmp'), { recursive: true, force: true })
      const lines = Object.entries(settings).map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
      for (const name of ['conf', 'data', 'logs', 'tmp']) {
        mkdirSync(folder(name), { recursive: true })
        if (place.user) chownSync(folder(name), place.user.uid, place.user.gid)
      }
      writeFileSync(join(folder('conf'), 'opensearch.yml'), lines.join(''))
      writeFileSync(join(folder('conf'), 'jvm.options'), '')
      writeFileSync(join(folder('conf'), 'log4j2.properties'), log4j)
    },
    async probe() {
      const answer = await fetch(`http://127.0.0.1:${ports.http}/_cluster/health`, {
        signal: AbortSignal.timeout(5_000)
      })
      if (!answer.ok) throw new Error(`OpenSearch answers ${answer.status}`)
    }
  }
}

/** Those that its own launcher sets (org.opensearch.tools.launchers.SystemJvmOptions), where they matter here. */
const systemProperties = [
  '-Dopensearch.networkaddress.cache.ttl=60',
  '-Dopensearch.distribution.type=zip',
  '-Dopensearch.bundled_jdk=false',
  '-Djava.awt.headless=true',
  '-Dfile.encoding=UTF-8',
  '-Djna.nosys=true',
  '-XX:-OmitStackTraceInFastThrow',
  '-Dio.netty.noUnsafe=true',
  '-Dio.netty.noKeySetOptimization=true',
  '-Dio.netty.recycler.maxCapacityPerThread=0',
  '-Dio.netty.allocator.numDirectArenas=0',
  '-Dlog4j.shutdownHookEnabled=false',
  '-Dlog4j2.disable.jmx=true'
]

const log4j = `status=error
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d{ISO8601} %p %c{1} %m%n
rootLogger.level=warn
rootLogger.appenderRef.out.ref=out
`
