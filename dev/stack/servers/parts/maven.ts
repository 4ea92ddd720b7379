import { createHash } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { lastLines } from '../../../processes/index.ts'
import { cloneRoot, home, logsFolder } from '../../../tools/index.ts'
import { StackError } from '../../errors.ts'
import type { Instance } from '../../instance.ts'
import { ended, findProgram } from '../../processes.ts'
import { ensurePart, type PartOptions } from './part.ts'
import { pinOf } from './pins.ts'

export interface KafkaParts {
  readonly version: string
  /** Changes with the files: class archives fit only those that wrote them. */
  readonly key: string
  /** All jars, sorted: a class archive fits one order alone. */
  readonly classpath: string
}

export interface RegistryParts {
  readonly key: string
  /** The jar that starts it. */
  readonly jar: string
}

/** Maven is a process of the instance that is about to start. */
export interface MavenOptions extends PartOptions {
  readonly instance: Instance
}

const pom = join(cloneRoot, 'dev', 'stack', 'pom.xml')
/** A file of its own: Kafka and the registry are downloaded again when theirs changes. */
const searchPom = join(cloneRoot, 'dev', 'stack', 'opensearch.pom.xml')
const mavenLog = join(logsFolder, 'maven.log')

interface Artifact {
  readonly title: string
  /** As it is named in pom.xml. */
  readonly server: 'kafka' | 'registry' | 'opensearch'
  readonly pom?: string
  /** Further goals. */
  readonly also?: readonly string[]
  /** Completes what came, in the folder of the part. */
  readonly complete?: (folder: string) => void
  readonly version: string
  readonly goal: 'copy-dependencies' | 'unpack'
  readonly megabytes: number
}

/** Kafka of a version, from Maven. @throws StackError `MAVEN_MISSING`, `DOWNLOAD_FAILED`, `STOPPED` */
export async function ensureKafka(version: string, options: MavenOptions): Promise<KafkaParts> {
  const folder = await ensure(
    { title: `Kafka ${version}`, server: 'kafka', version, goal: 'copy-dependencies', megabytes: 45 },
    options
  )
  const jars = jarsIn(join(folder, 'kafka')).sort()
  return { version, key: keyOf(folder), classpath: jars.join(':') }
}

/** Apicurio Registry of a version, from Maven. @throws StackError as `ensureKafka` */
export async function ensureRegistry(version: string, options: MavenOptions): Promise<RegistryParts> {
  const folder = await ensure(
    { title: `Apicurio Registry ${version}`, server: 'registry', version, goal: 'unpack', megabytes: 115 },
    options
  )
  // One jar until 3.0, next to its libraries; a folder as Quarkus makes it in later versions.
  const jar = jarsIn(join(folder, 'registry')).find(file => /(-runner|\/quarkus-run)\.jar$/.test(file))
  if (!jar) throw new StackError('DOWNLOAD_FAILED', `Apicurio Registry ${version} has no jar that starts it`)
  return { key: keyOf(folder), jar }
}

/**
 * OpenSearch of a version, from Maven: the folder with lib/ and modules/. It has no plugins, and no login.
 * @throws StackError as `ensureKafka`
 */
export async function ensureOpenSearch(version: string, options: MavenOptions): Promise<string> {
  const folder = await ensure(
    {
      title: `OpenSearch ${version}`,
      server: 'opensearch',
      pom: searchPom,
      also: ['dependency:copy@modules'],
      complete: folder => describeAnalyzers(join(folder, 'opensearch', `opensearch-${version}`), version),
      version,
      goal: 'unpack',
      megabytes: 56
    },
    options
  )
  return join(folder, 'opensearch', `opensearch-${version}`)
}

/** A module is a folder with jars and with this file, which Maven does not have. */
function describeAnalyzers(home: string, version: string): void {
  const lines = {
    name: 'analysis-common',
    description: 'Analyzers of languages',
    version,
    'opensearch.version': version,
    'java.version': '11',
    classname: 'org.opensearch.analysis.common.CommonAnalysisPlugin'
  }
  const text = Object.entries(lines).map(([key, value]) => `${key}=${value}\n`)
  writeFileSync(join(home, 'modules', 'analysis-common', 'plugin-descriptor.properties'), text.join(''))
}

const keyOf = (folder: string): string => folder.slice(folder.lastIndexOf('/') + 1)

function ensure(artifact: Artifact, options: MavenOptions): Promise<string> {
  // What Maven brings depends on the rest of its file too.
  const { server, version, pom: file = pom } = artifact
  const key = createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 8)
  const pin = pinOf(`${server}-${version}`)
  const name = `${server}-${version}-${key}`
  return ensurePart({ name, pin, fetch: folder => fetch(artifact, folder, options) }, options)
}

async function fetch(artifact: Artifact, folder: string, options: MavenOptions): Promise<void> {
  const { title } = artifact
  const mvn = findProgram('mvn')
  if (!mvn) {
    throw new StackError(
      'MAVEN_MISSING',
      `Maven, which downloads ${title}, is not installed: install it (Debian: apt-get install maven), or start a Docker engine with compose`
    )
  }
  // What is in the user's repository may be broken or not writable: the second attempt gets one of its own.
  const ownRepository = join(home, 'maven')
  let failure = ''
  for (const extra of [[], [`-Dmaven.repo.local=${ownRepository}`]]) {
    rmSync(join(folder, artifact.server), { recursive: true, force: true })
    failure = await runMaven(mvn, artifact, folder, extra, options)
    if (options.signal?.aborted) throw new StackError('STOPPED', `stopped while ${title} was downloaded`)
    // Notes of tar for itself, named like jars.
    rmSync(join(folder, 'registry', 'PaxHeaders.X'), { recursive: true, force: true })
    rmSync(join(folder, 'maven'), { recursive: true, force: true })
    const broken = failure ? undefined : findBroken(artifact, folder)
    if (!failure && !broken) {
      artifact.complete?.(folder)
      rmSync(ownRepository, { recursive: true, force: true })
      return
    }
    if (broken) failure = `${broken} came damaged`
    if (isOffline(failure)) break
  }
  throw new StackError(
    'DOWNLOAD_FAILED',
    `Maven could not download ${title}: ${failure}. Check that this machine reaches a Maven repository (a mirror or proxy goes into ~/.m2/settings.xml), then run the same command again; all of Maven's output is in ${mavenLog}`
  )
}

const isOffline = (failure: string): boolean =>
  /unknown host|could not transfer|connection (refused|timed out)|no route|unreachable|name resolution/i.test(failure)

async function runMaven(
  mvn: string,
  { title, server, version, goal, megabytes, pom: file = pom, also = [] }: Artifact,
  folder: string,
  extra: readonly string[],
  { instance, say, signal }: MavenOptions
): Promise<string> {
  say(`downloading ${title} (once, about ${megabytes} MB)`)
  const log = mavenLog
  writeFileSync(log, '')
  const maven = instance.launch({
    name: 'maven',
    command: mvn,
    // A file that is not what its repository says of it is an error, where Maven would warn.
    args: [
      ...['-B', '-U', '--strict-checksums', ...extra, '-f', file],
      ...[`dependency:${goal}@${server}`, ...also, `-D${server}.version=${version}`, `-Dparts=${folder}`]
    ],
    cwd: cloneRoot,
    log
  })
  const stop = () => maven.kill()
  signal?.addEventListener('abort', stop, { once: true })
  let reported = 0
  const progress = setInterval(() => {
    const files = readFileSync(log, 'utf8').split('Downloaded from').length - 1
    if (files > reported) say(`downloading ${title}: ${files} files`)
    reported = files
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

function jarsIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.jar'))
    .map(name => join(folder, name))
}

/** The first jar that is missing or does not end as a zip file ends. */
function findBroken({ server, version }: Artifact, folder: string): string | undefined {
  const jars = jarsIn(join(folder, server))
  const main = server === 'kafka' ? `kafka_2.13-${version}.jar` : '.jar'
  if (!jars.some(jar => jar.endsWith(main))) return main
  return jars.find(jar => !endsAsZip(jar))
}

function endsAsZip(file: string): boolean {
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
