import { createHash } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { lastLines } from '../../processes/index.ts'
import { cloneRoot, home, logsFolder, partsFolder, takeLock } from '../../tools/index.ts'
import { StackError } from '../errors.ts'
import type { Instance } from '../instance.ts'
import { ended, findProgram } from '../processes.ts'
import { versions } from './settings.ts'

/** The Java servers on disk. */
export interface Parts {
  /** Changes with the versions of the servers. */
  readonly key: string
  /** Jars of Kafka, sorted: a class archive fits one order alone. */
  readonly kafkaClasspath: string
  readonly registryJar: string
}

export interface PartsOptions {
  readonly instance: Instance
  readonly say: (line: string) => void
  readonly signal?: AbortSignal | undefined
}

const pom = join(cloneRoot, 'dev', 'stack', 'pom.xml')
const mavenLog = join(logsFolder, 'maven.log')

function partsOf(folder: string): Omit<Parts, 'key'> {
  const jars = readdirSync(join(folder, 'kafka'))
    .filter(name => name.endsWith('.jar'))
    .sort()
  return {
    kafkaClasspath: jars.map(jar => join(folder, 'kafka', jar)).join(':'),
    registryJar: join(folder, 'registry', `apicurio-registry-app-${versions.registry}-runner.jar`)
  }
}

/**
 * The Java servers, downloaded by Maven where they are not whole on disk yet.
 * @throws StackError `MAVEN_MISSING`, `DOWNLOAD_FAILED`, `STOPPED`
 */
export async function ensureParts(options: PartsOptions): Promise<Parts> {
  const key = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 12)
  const folder = join(partsFolder, `java-${key}`)
  if (isWhole(folder)) return { key, ...partsOf(folder) }
  const release = await takeLock(join(partsFolder, 'download.lock'), {
    ...(options.signal && { signal: options.signal }),
    onWait: pid => options.say(`waiting for process ${pid}, which is downloading the servers`)
  })
  try {
    if (!isWhole(folder)) await download(folder, options)
    return { key, ...partsOf(folder) }
  } finally {
    release()
  }
}

async function download(folder: string, options: PartsOptions): Promise<void> {
  const mvn = findProgram('mvn')
  if (!mvn) {
    throw new StackError(
      'MAVEN_MISSING',
      'Maven, which downloads Kafka and the registry, is not installed: install it (Debian: apt-get install maven), or start a Docker engine with compose'
    )
  }
  const incoming = join(partsFolder, 'incoming')
  // What is in the user's repository may be broken or not writable: the second attempt gets one of its own.
  const ownRepository = join(home, 'maven')
  let failure = ''
  for (const extra of [[], [`-Dmaven.repo.local=${ownRepository}`]]) {
    rmSync(incoming, { recursive: true, force: true })
    failure = await runMaven(mvn, incoming, extra, options)
    if (options.signal?.aborted) throw new StackError('STOPPED', 'stopped while the servers were downloaded')
    rmSync(join(incoming, 'registry', 'PaxHeaders.X'), { recursive: true, force: true }) // tar's own notes, named like jars
    const broken = failure ? undefined : findBroken(incoming)
    if (!failure && !broken) {
      rmSync(ownRepository, { recursive: true, force: true })
      writeManifest(incoming)
      rmSync(folder, { recursive: true, force: true })
      renameSync(incoming, folder)
      return
    }
    if (broken) failure = `${broken} came damaged`
    if (isOffline(failure)) break
  }
  throw new StackError(
    'DOWNLOAD_FAILED',
    `Maven could not download Kafka and the registry: ${failure}. Check that this machine reaches a Maven repository (a mirror or proxy goes into ~/.m2/settings.xml), then run the same command again; all of Maven's output is in ${mavenLog}`
  )
}

const isOffline = (failure: string): boolean =>
  /unknown host|could not transfer|connection (refused|timed out)|no route|unreachable|name resolution/i.test(failure)

async function runMaven(mvn: string, parts: string, extra: string[], { instance, say, signal }: PartsOptions) {
  say('downloading Kafka and the registry (once, about 160 MB)')
  const log = mavenLog
  writeFileSync(log, '')
  const maven = instance.launch({
    name: 'maven',
    command: mvn,
    args: ['-B', '-U', ...extra, '-f', pom, 'generate-resources', `-Dparts=${parts}`],
    cwd: cloneRoot,
    log
  })
  const stop = () => maven.kill()
  signal?.addEventListener('abort', stop, { once: true })
  let told = 0
  const progress = setInterval(() => {
    const files = readFileSync(log, 'utf8').split('Downloaded from').length - 1
    if (files > told) say(`downloading Kafka and the registry: ${files} files`)
    told = files
  }, 2_000)
  try {
    const code = await ended(maven)
    if (code === 0) return ''
    const lines = readFileSync(log, 'utf8').split('\n')
    return lines.find(line => line.startsWith('[ERROR]'))?.slice(8, 400) || lastLines(log, 1) || `it ended with ${code}`
  } finally {
    clearInterval(progress)
    signal?.removeEventListener('abort', stop)
  }
}

type Manifest = Record<string, number>

function contentsOf(folder: string): Manifest {
  const sizes: Manifest = {}
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.jar')) continue
    const file = join(entry.parentPath, entry.name)
    sizes[file.slice(folder.length + 1)] = statSync(file).size
  }
  return sizes
}

const manifestOf = (folder: string): string => join(folder, 'manifest.json')

function writeManifest(folder: string): void {
  writeFileSync(manifestOf(folder), JSON.stringify(contentsOf(folder)))
}

/** Whether every jar is there in the size it was downloaded with. */
function isWhole(folder: string): boolean {
  if (!existsSync(manifestOf(folder))) return false
  try {
    const manifest = JSON.parse(readFileSync(manifestOf(folder), 'utf8')) as Manifest
    return Object.entries(manifest).every(([file, size]) => statSync(join(folder, file)).size === size)
  } catch {
    return false
  }
}

/** The first jar that is missing or does not end as a zip file ends. */
function findBroken(folder: string): string | undefined {
  const { registryJar, kafkaClasspath } = partsOf(folder)
  const jars = kafkaClasspath.split(':')
  const broker = jars.find(jar => jar.endsWith(`kafka_2.13-${versions.kafka}.jar`)) ?? 'kafka_2.13'
  const all = [registryJar, broker, ...Object.keys(contentsOf(folder)).map(file => join(folder, file))]
  return all.find(file => !endsAsZip(file))
}

function endsAsZip(file: string): boolean {
  if (!existsSync(file)) return false
  const descriptor = openSync(file, 'r')
  try {
    const { size } = fstatSync(descriptor)
    const tail = Buffer.alloc(Math.min(size, 1_024))
    readSync(descriptor, tail, 0, tail.length, size - tail.length)
    return tail.includes('PK\x05\x06')
  } finally {
    closeSync(descriptor)
  }
}
