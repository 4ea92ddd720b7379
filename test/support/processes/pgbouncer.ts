import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { Client } from 'pg'
import { onTestFinished } from 'vitest'
import { eventually } from '../stack.ts'

// Where Debian has it; not on the PATH of every user.
const env = { ...process.env, PATH: [process.env.PATH, '/usr/sbin'].join(delimiter) }

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

/**
 * A PgBouncer before the Postgres of a URL, with a pool of 20 sessions, until the test ends.
 * @returns the URL through it
 */
export async function pgbouncer(url: string, mode: 'session' | 'transaction' | 'statement'): Promise<string> {
  if (spawnSync('pgbouncer', ['--version'], { env }).error)
    throw new Error('This test needs PgBouncer. On Debian: apt-get install pgbouncer')
  const { hostname, port, username, password } = new URL(url)
  const listenPort = await freePort()
  const folder = await mkdtemp(join(tmpdir(), 'eventtrail pgbouncer '))
  const file = join(folder, 'pgbouncer.ini')
  await writeFile(
    file,
    `[databases]
* = host=${hostname} port=${port} user=${username} password=${decodeURIComponent(password)}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${listenPort}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
default_pool_size = 20
`
  )
  // It refuses to run as root, so another user has to read its settings.
  await chmod(folder, 0o755)
  const asWhom = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  const child: ChildProcess = spawn('pgbouncer', ['-q', ...asWhom, file], { env, stdio: 'ignore' })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  })
  const through = new URL(url)
  through.host = `127.0.0.1:${listenPort}`
  await eventually(
    async () => {
      if (child.exitCode !== null) throw new Error(`PgBouncer ended with ${child.exitCode}`)
      const client = new Client({ connectionString: through.href })
      await client.connect()
      await client.end()
      return true
    },
    { what: `PgBouncer takes connections (${mode})` }
  )
  return through.href
}
