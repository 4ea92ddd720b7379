import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll } from 'vitest'
import { postgresBinaries } from '../../../dev/stack/index.ts'
import { eventually } from '../stack.ts'

/** A Postgres of a test file, which lets no one in without TLS. */
export interface TlsPostgres {
  /** Host and port, by the name in its certificate. */
  readonly address: string
  /** The port alone, for 127.0.0.1, a name that its certificate does not have. */
  readonly port: number
  /** Files: certificates of the CA, of another CA, and of a client whose user is `certified`. */
  readonly files: Readonly<Record<'ca' | 'otherCa' | 'clientCert' | 'clientKey', string>>
  /** The address of a database for a user, with what is needed to trust the server. */
  url(user: string, database?: string): string
  /** As superuser. */
  admin(sql: string, database?: string): Promise<Record<string, unknown>[]>
  /** Gives the server a new certificate of the same CA, or one that has expired, for new connections. */
  renew(kind: 'valid' | 'expired'): Promise<void>
}

export const superuser = { name: 'root_of_all', password: 'pw' }

const hba = `
hostssl all certified all cert
hostssl all all all scram-sha-256
hostnossl all all all reject
`

/**
 * Starts one, until the last test of the file has ended: called at the top of the file, for a test hears of no end that is
 * asked for within it. Certificates are made by `openssl`.
 * @param ssl false: it does not speak TLS, and lets everyone with a password in
 */
export async function tlsPostgres({ ssl = true }: { readonly ssl?: boolean } = {}): Promise<TlsPostgres> {
  const installed = await postgresBinaries()
  const folder = mkdtempSync(join(tmpdir(), 'eventtrail-tls-'))
  chmodSync(folder, 0o755)
  // Postgres does not run as root, and the other user may not be able to enter the clone.
  const native = join(folder, 'native')
  cpSync(installed, native, { recursive: true, verbatimSymlinks: true })
  const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : undefined
  const data = join(folder, 'data')
  mkdirSync(data)
  const files = makeCertificates(folder)
  const owned = [folder, data, ...readdirSync(folder).map(name => join(folder, name))]
  if (nobody) for (const path of owned) chownSync(path, nobody.uid, nobody.gid)
  const asWhom = { ...nobody, cwd: folder, stdio: 'ignore' as const }
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, superuser.password)
  execFileSync(
    join(native, 'bin', 'initdb'),
    [
      ...['-D', data, '-U', superuser.name, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'],
      ...['--encoding=UTF8', '--locale=C', '--no-sync', '--no-instructions']
    ],
    asWhom
  )
  writeFileSync(join(data, 'pg_hba.conf'), ssl ? hba : 'host all all all scram-sha-256\n')
  const port = await freePort()
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    fsync: 'off',
    ...(ssl && { ssl: 'on', ssl_cert_file: files.cert, ssl_key_file: files.key, ssl_ca_file: files.ca })
  }
  const server: ChildProcess = spawn(
    join(native, 'bin', 'postgres'),
    ['-D', data, ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`])],
    asWhom
  )
  afterAll(async () => {
    if (server.exitCode === null && server.kill('SIGINT')) await once(server, 'exit')
    rmSync(folder, { recursive: true, force: true })
  })
  const url = (user: string, database = 'postgres') =>
    `postgres://${user}:pw@localhost:${port}/${database}${ssl ? `?sslmode=verify-full&sslrootcert=${files.ca}` : ''}`
  const admin = async (sql: string, database?: string) => {
    const client = new pg.Client({ connectionString: url(superuser.name, database) })
    await client.connect()
    try {
      return (await client.query(sql)).rows as Record<string, unknown>[]
    } finally {
      await client.end()
    }
  }
  await eventually(
    async () => {
      if (server.exitCode !== null) throw new Error(`Postgres ended with ${server.exitCode}`)
      return (await admin('SELECT 1')).length === 1
    },
    { what: 'Postgres takes connections' }
  )
  return {
    address: `localhost:${port}`,
    port,
    files,
    url,
    admin,
    async renew(kind) {
      const before = await certificateOf(port, files.ca)
      sign(folder, 'server', '/CN=localhost', kind, 'subjectAltName=DNS:localhost')
      if (nobody) for (const file of [files.cert, files.key]) chownSync(file, nobody.uid, nobody.gid)
      server.kill('SIGHUP')
      await eventually(async () => (await certificateOf(port, files.ca)) !== before, {
        what: 'the certificate is another'
      })
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

const openssl = (folder: string, ...args: readonly string[]): string =>
  execFileSync('openssl', [...args], { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'], encoding: 'utf8' })

/** The certificate that a server shows to new connections. */
async function certificateOf(port: number, ca: string): Promise<string> {
  const { stdout: shown } = spawnSync(
    'openssl',
    ['s_client', '-starttls', 'postgres', '-connect', `127.0.0.1:${port}`, '-CAfile', ca],
    { stdio: ['ignore', 'pipe', 'ignore'], encoding: 'utf8' }
  )
  const [certificate = ''] = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/.exec(shown) ?? []
  if (certificate === '') throw new Error('the server showed no certificate')
  return certificate
}

function makeCertificates(
  folder: string
): Record<'ca' | 'otherCa' | 'clientCert' | 'clientKey' | 'cert' | 'key', string> {
  for (const [name, subject] of [
    ['ca', '/CN=eventtrail test CA'],
    ['other-ca', '/CN=another CA']
  ] as const)
    openssl(
      folder,
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-subj', subject, '-keyout', `${name}.key`, '-out', `${name}.pem`]
    )
  sign(folder, 'server', '/CN=localhost', 'valid', 'subjectAltName=DNS:localhost')
  sign(folder, 'client', '/CN=certified', 'valid')
  const file = (name: string) => join(folder, name)
  return {
    ca: file('ca.pem'),
    otherCa: file('other-ca.pem'),
    cert: file('server.pem'),
    key: file('server.key'),
    clientCert: file('client.pem'),
    clientKey: file('client.key')
  }
}

/** Writes `<name>.key` and `<name>.pem`, of the CA of the folder. */
function sign(folder: string, name: string, subject: string, kind: 'valid' | 'expired', extension = ''): void {
  openssl(
    folder,
    ...['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
    ...['-subj', subject, '-keyout', `${name}.key`, '-out', `${name}.csr`]
  )
  writeFileSync(join(folder, `${name}.ext`), `${extension}\n`)
  // A certificate of no days has expired once it is used.
  openssl(
    folder,
    ...['x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
    ...['-days', kind === 'valid' ? '2' : '0', '-extfile', `${name}.ext`, '-out', `${name}.pem`]
  )
  chmodSync(join(folder, `${name}.key`), 0o600)
}
