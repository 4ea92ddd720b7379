import { chownSync, existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { lastLines } from '../../processes/index.ts'
import { StackError } from '../errors.ts'
import type { Instance } from '../instance.ts'
import { ended } from '../processes.ts'
import type { Ports } from '../types.ts'
import { findPlace } from './place.ts'
import type { ServerPlan } from './server.ts'
import { database, postgresSettings } from './settings.ts'

/** Where the database is, with its login. Every program of this user may know it, and no other user of this machine. */
export function databaseUrl(ports: Ports, password: string, name: string = database.name): string {
  return `postgres://${database.user}:${password}@127.0.0.1:${ports.postgres}/${name}`
}

/** @param options.binaries the folder with bin/, lib/ and share/ */
export function postgresPlan(options: { instance: Instance; ports: Ports; binaries: string }): ServerPlan {
  const { instance, ports } = options
  const { password } = instance.state
  const place = findPlace(instance, {
    binaries: options.binaries,
    program: join('bin', 'postgres'),
    base: baseIn(instance.data),
    copy: 'native'
  })
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
      // Others of this machine may not read it, and it is needed only once.
      const passwordFile = join(place.base, 'password')
      rmSync(passwordFile, { force: true })
      writeFileSync(passwordFile, password, { mode: 0o600 })
      if (place.user) chownSync(passwordFile, place.user.uid, place.user.gid)
      const initdb = instance.launch({
        name: 'initdb',
        command: join(place.binaries, 'bin', 'initdb'),
        args: [
          ...['-D', data, '-U', database.user, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'],
          ...['--encoding=UTF8', '--locale=C', '--no-sync', '--no-instructions']
        ],
        log: instance.log('initdb'),
        ...common
      })
      const code = await ended(initdb)
      rmSync(passwordFile, { force: true })
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
      if (await answers(databaseUrl(ports, password))) return
      await withClient(databaseUrl(ports, password, 'postgres'), client =>
        client.query(`CREATE DATABASE ${database.name}`)
      )
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

/** In the data of an instance, what belongs to the user that Postgres runs as. */
export const baseIn = (data: string): string => join(data, 'db')
