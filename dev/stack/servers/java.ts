import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { partsFolder } from '../../tools/index.ts'
import { StackError } from '../errors.ts'
import { findProgram } from '../processes.ts'

const run = promisify(execFile)
const oldest = 17

export interface Java {
  readonly command: string
  /** Its major version. */
  readonly version: number
  /** Changes when another Java is installed: class archives fit only the one that wrote them. */
  readonly fingerprint: string
}

/** Finds Java 17 or newer in JAVA_HOME or the PATH. @throws StackError `JAVA_MISSING` */
export async function findJava(): Promise<Java> {
  const java = await javaHere()
  if (!java) {
    throw new StackError(
      'JAVA_MISSING',
      `Java is not installed: install Java ${oldest} or newer (Debian: apt-get install openjdk-17-jre-headless maven), or start a Docker engine with compose`
    )
  }
  if (java.version >= oldest) return java
  throw new StackError(
    'JAVA_MISSING',
    `${java.command} is Java ${java.version || 'of an unknown version'}: install Java ${oldest} or newer, or set JAVA_HOME to one`
  )
}

/** The Java of JAVA_HOME or the PATH, of any version. @throws StackError `JAVA_MISSING` when it does not run */
export async function javaHere(): Promise<Java | undefined> {
  const inHome = process.env.JAVA_HOME && join(process.env.JAVA_HOME, 'bin', 'java')
  const command = inHome && existsSync(inHome) ? inHome : findProgram('java')
  return command === undefined ? undefined : javaAt(command)
}

/** The Java of this path; each is asked for its version once. @throws StackError `JAVA_MISSING` when it does not run */
export async function javaAt(command: string): Promise<Java> {
  const binary = realpathSync(command)
  const fingerprint = createHash('sha256')
    .update(`${binary} ${statSync(binary).mtimeMs}`)
    .digest('hex')
    .slice(0, 12)
  const known = join(partsFolder, `java-${fingerprint}.version`)
  if (!existsSync(known)) writeFileSync(known, String(await askVersion(command)))
  return { command, version: Number(readFileSync(known, 'utf8')), fingerprint }
}

/** 0 where it does not say its version as all of them do. */
async function askVersion(command: string): Promise<number> {
  const { stderr } = await run(command, ['-version']).catch(cause => {
    throw new StackError('JAVA_MISSING', `${command} does not run: install Java ${oldest} or newer`, cause)
  })
  return Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0)
}

/**
 * Flags for a JVM that starts fast. With an archive of loaded classes it starts in half the time: the first
 * clean stop writes one to `fresh`, later starts read it from `archive`.
 */
export function jvmFlags(options: {
  heapMb: number
  archive: string
  fresh: string
  compiler: 'quick' | 'full'
}): string[] {
  return [
    `-Xmx${options.heapMb}m`,
    ...(options.compiler === 'quick' ? ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'] : []),
    ...(existsSync(options.archive)
      ? [`-XX:SharedArchiveFile=${options.archive}`, '-Xlog:cds=off', '-Xlog:cds+dynamic=off']
      : [`-XX:ArchiveClassesAtExit=${options.fresh}`, '-Xlog:cds=off', '-Xlog:cds+dynamic=off'])
  ]
}
