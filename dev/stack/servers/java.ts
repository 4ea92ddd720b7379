import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { partsFolder } from '../../tools/index.ts'
import { StackError } from '../errors.ts'
import { findProgram } from '../processes.ts'

const run = promisify(execFile)
const oldest = 17

export interface Java {
  readonly command: string
  /** Changes when another Java is installed: class archives fit only the one that wrote them. */
  readonly fingerprint: string
}

/** Finds Java 17 or newer in JAVA_HOME or the PATH; each Java is asked for its version once. @throws StackError `JAVA_MISSING` */
export async function findJava(): Promise<Java> {
  const inHome = process.env.JAVA_HOME && join(process.env.JAVA_HOME, 'bin', 'java')
  const command = inHome && existsSync(inHome) ? inHome : findProgram('java')
  if (!command) {
    throw new StackError(
      'JAVA_MISSING',
      `Java is not installed: install Java ${oldest} or newer (Debian: apt-get install openjdk-17-jre-headless maven), or start a Docker engine with compose`
    )
  }
  const binary = realpathSync(command)
  const fingerprint = createHash('sha256')
    .update(`${binary} ${statSync(binary).mtimeMs}`)
    .digest('hex')
    .slice(0, 12)
  const checked = join(partsFolder, `java-${fingerprint}.checked`)
  if (!existsSync(checked)) {
    await checkVersion(command)
    writeFileSync(checked, '')
  }
  return { command, fingerprint }
}

async function checkVersion(command: string): Promise<void> {
  const { stderr } = await run(command, ['-version']).catch(cause => {
    throw new StackError('JAVA_MISSING', `${command} does not run: install Java ${oldest} or newer`, cause)
  })
  const version = /version "(\d+)/.exec(stderr)?.[1]
  if (Number(version) >= oldest) return
  throw new StackError(
    'JAVA_MISSING',
    `${command} is Java ${version ?? 'of an unknown version'}: install Java ${oldest} or newer, or set JAVA_HOME to one`
  )
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
