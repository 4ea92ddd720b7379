import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lastLines } from '../processes/index.ts'
import { findProgram } from '../stack/index.ts'
import { partsFolder } from '../tools/index.ts'
import { startProgram } from './children.ts'
import { BenchError } from './errors.ts'

/** Versions of the peer, as peers/pom.xml names them. */
export const peerVersions = { connect: '4.1.1', debezium: '3.6.0.Final', converter: '2.6.13.Final' } as const

/** The peer on disk. */
export interface PeerParts {
  /** Jars of the Kafka Connect worker. */
  readonly classpath: string
  /** Holds a folder per plugin. */
  readonly plugins: string
}

export interface PeerPartsOptions {
  readonly say: (line: string) => void
  readonly logs: string
  readonly adopt: (name: string, pid: number | undefined) => void
  readonly signal: AbortSignal
}

const pom = fileURLToPath(new URL('contenders/peers/pom.xml', import.meta.url))

/** Kafka Connect, Debezium's JDBC sink and the Avro converter, downloaded by Maven once. @throws BenchError `PEER_MISSING` */
export async function ensurePeerParts(options: PeerPartsOptions): Promise<PeerParts> {
  const key = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 12)
  const folder = join(partsFolder, `peers-${key}`)
  // Made whole elsewhere and then moved here: what has the name is complete.
  if (!existsSync(folder)) await download(folder, options)
  const jars = readdirSync(join(folder, 'connect')).sort()
  return { classpath: jars.map(jar => join(folder, 'connect', jar)).join(':'), plugins: join(folder, 'plugins') }
}

async function download(folder: string, { say, logs, adopt, signal }: PeerPartsOptions): Promise<void> {
  const mvn = findProgram('mvn')
  if (!mvn)
    throw new BenchError(
      'PEER_MISSING',
      'Maven, which downloads Debezium, is not installed (Debian: apt-get install maven)'
    )
  say('downloading Kafka Connect and Debezium (once, about 100 MB)')
  const incoming = `${folder}.${process.pid}`
  try {
    for (const profile of ['connect', 'plugins']) {
      const args = ['-B', '-f', pom, '-P', profile, 'generate-resources', `-Dparts=${incoming}`]
      const maven = startProgram({ name: 'maven peers', command: mvn, args, logs, adopt })
      const stop = () => void maven.stop()
      signal.addEventListener('abort', stop, { once: true })
      await maven.ended
      signal.removeEventListener('abort', stop)
      if (maven.hasSucceeded) continue
      const log = readFileSync(join(logs, 'maven-peers.log'), 'utf8').split('\n')
      const why =
        log.find(line => line.startsWith('[ERROR]'))?.slice(8, 400) ?? lastLines(join(logs, 'maven-peers.log'), 1)
      throw new BenchError('PEER_MISSING', `Maven could not download the peer: ${why}`)
    }
    rmSync(join(incoming, 'plugins', 'PaxHeaders.X'), { recursive: true, force: true }) // tar's own notes, named like jars
    renameSync(incoming, folder)
  } finally {
    rmSync(incoming, { recursive: true, force: true })
  }
}
