import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pause } from '../../../core/index.ts'
import type { Child } from '../../processes/index.ts'
import { findJava } from '../../stack/index.ts'
import { startProgram } from '../children.ts'
import { BenchError } from '../errors.ts'
import type { PeerParts } from '../peer-parts.ts'
import type { Servers } from '../types.ts'
import { fillIn } from './properties.ts'

const startMs = 90_000

/** A Kafka Connect worker that runs for the whole benchmark, so that its JVM is warm: connectors come and go. */
export class ConnectWorker {
  readonly child: Child
  readonly #url: string

  private constructor(child: Child, url: string) {
    this.child = child
    this.#url = url
  }

  /** @throws BenchError `PEER_MISSING` */
  static async start(servers: Servers, parts: PeerParts, signal: AbortSignal): Promise<ConnectWorker> {
    const port = await freePort()
    const properties = join(servers.scratch, 'connect-worker.properties')
    writeFileSync(
      properties,
      fillIn('connect-worker.properties', {
        brokers: servers.brokers,
        registry: new URL(servers.registryUrl).origin,
        folder: servers.scratch,
        plugins: parts.plugins,
        port
      })
    )
    const java = await findJava()
    const logging = fileURLToPath(new URL('peers/log4j2.properties', import.meta.url))
    const child = startProgram({
      name: 'connect',
      command: java.command,
      // The heap and the collector that Kafka's own start script gives it.
      args: [
        ...['-Xms256M', '-Xmx2G', '-server', '-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20'],
        ...['-XX:InitiatingHeapOccupancyPercent=35', '-XX:+ExplicitGCInvokesConcurrent'],
        `-Dlog4j2.configurationFile=${logging}`,
        ...['-cp', parts.classpath, 'org.apache.kafka.connect.cli.ConnectStandalone', properties]
      ],
      logs: servers.logs,
      adopt: servers.adopt
    })
    const worker = new ConnectWorker(child, `http://127.0.0.1:${port}`)
    for (const until = performance.now() + startMs; ; ) {
      if (child.hasEnded) throw new BenchError('PEER_MISSING', child.failure().message)
      if (await worker.#answers()) return worker
      if (signal.aborted || performance.now() > until) {
        await child.stop()
        throw new BenchError('PEER_MISSING', `Kafka Connect did not answer within ${startMs / 1_000} s`)
      }
      await pause(200, signal)
    }
  }

  async create(name: string, config: Readonly<Record<string, string>>): Promise<void> {
    await this.#ask('POST', '/connectors', { name, config: { ...config, name } })
  }

  async remove(name: string): Promise<void> {
    await this.#ask('DELETE', `/connectors/${name}`)
  }

  /** What a connector or one of its tasks died of, if it did. */
  async fault(name: string): Promise<string | undefined> {
    const answer = await fetch(`${this.#url}/connectors/${name}/status`)
    if (!answer.ok) return undefined
    const status = (await answer.json()) as {
      connector: { state: string; trace?: string }
      tasks: { state: string; trace?: string }[]
    }
    const failed = [status.connector, ...status.tasks].find(({ state }) => state === 'FAILED')
    return (
      failed &&
      (failed.trace ?? 'no reason given')
        .split('\n')
        .filter(line => !line.startsWith('\tat'))
        .join('; ')
    )
  }

  async #answers(): Promise<boolean> {
    try {
      return (await fetch(`${this.#url}/connectors`)).ok
    } catch {
      return false
    }
  }

  async #ask(method: string, path: string, body?: unknown): Promise<void> {
    const answer = await fetch(this.#url + path, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
    })
    if (answer.ok) return
    throw new BenchError(
      'PEER_MISSING',
      `Kafka Connect answers ${answer.status} to ${method} ${path}: ${await answer.text()}`
    )
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
