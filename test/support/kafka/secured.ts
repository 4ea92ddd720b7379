import { pbkdf2Sync, randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { afterAll } from 'vitest'
import { splitBroker } from '../../../core/index.ts'
import { type SecuredBroker, startSecuredBroker } from '../../../dev/stack/index.ts'
import { type Issued, TestAuthority } from './certificates.ts'
import { TestIssuer, tokenEndpoint } from './tokens.ts'

export const clientSecret = 'client secret'
export const password = 'trail-password'

/** A broker with every listener, its authority, a client certificate for the user `trail`, and an issuer of tokens. */
export interface Secured {
  readonly broker: SecuredBroker
  readonly authority: TestAuthority
  readonly client: Issued
  readonly issuer: TestIssuer
  /** The environment of a process that connects in each way, as the first user. */
  readonly ways: Ways
  /** The same as any of the users. */
  as(user: string): Ways
}

type Ways = Readonly<Record<Way, Readonly<Record<string, string>>>>
export type Way = 'SASL_SSL with SCRAM-SHA-512' | 'mTLS' | 'OAUTHBEARER' | 'SASL_SSL with PLAIN' | 'TLS'

export interface SecuredKafkaOptions {
  /** Further settings of the broker. */
  readonly settings?: Readonly<Record<string, string>>
  /** Names, also in client certificates and tokens. Default: `trail` alone. */
  readonly users?: readonly [string, ...string[]]
  /** Whether users may only do what is granted; a connection without a login may do anything. Default: false. */
  readonly isGuarded?: boolean
}

/** Call it once, at the top of a file: all of it ends after the last test. */
export async function securedKafka(options: SecuredKafkaOptions = {}): Promise<Secured> {
  const { settings = {}, users = ['trail'], isGuarded = false } = options
  const authority = await TestAuthority.create()
  const server = await authority.issue({ name: 'broker' })
  const client = await authority.issue({ name: users[0] })
  const clients = new Map([[users[0], client]])
  for (const name of users.slice(1)) clients.set(name, await authority.issue({ name }))
  const issuer = new TestIssuer(authority.folder)
  const endpoint = await tokenEndpoint(issuer, {
    ids: users,
    secret: () => encodeURIComponent(clientSecret).replace('%20', '+')
  })
  const broker = await startSecuredBroker({
    keystore: authority.keystore(server),
    truststore: authority.file,
    users: Object.fromEntries(users.map(name => [name, password])),
    tokens: issuer,
    settings,
    ...(isGuarded && { superUsers: ['User:ANONYMOUS'] })
  })
  afterAll(async () => {
    await broker.stop()
    await endpoint[Symbol.asyncDispose]()
    authority.remove()
  })
  const { addresses } = broker
  const ca = { KAFKA_SSL_CA_LOCATION: authority.file }
  const sasl = { ...ca, KAFKA_BROKERS: addresses.SASL, KAFKA_SECURITY_PROTOCOL: 'SASL_SSL' }
  const as = (user: string): Ways => {
    const login = { KAFKA_SASL_USERNAME: user, KAFKA_SASL_PASSWORD: password }
    const { certificateFile = '', keyFile = '' } = clients.get(user) ?? {}
    return {
      TLS: { ...ca, KAFKA_BROKERS: addresses.TLS },
      mTLS: {
        ...ca,
        KAFKA_BROKERS: addresses.MTLS,
        KAFKA_SSL_CERTIFICATE_LOCATION: certificateFile,
        KAFKA_SSL_KEY_LOCATION: keyFile
      },
      'SASL_SSL with PLAIN': { ...sasl, ...login, KAFKA_SASL_MECHANISM: 'PLAIN' },
      'SASL_SSL with SCRAM-SHA-512': { ...sasl, ...login, KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512' },
      OAUTHBEARER: {
        ...sasl,
        KAFKA_SASL_MECHANISM: 'OAUTHBEARER',
        KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL: endpoint.url,
        KAFKA_SASL_OAUTHBEARER_CLIENT_ID: user,
        KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET: clientSecret
      }
    }
  }
  return { broker, authority, client, issuer, ways: as(users[0]), as }
}

const scramSha512 = 2
const iterations = 4096

/** Gives a user another password for SCRAM-SHA-512 (AlterUserScramCredentials, which kafkajs does not have). */
export async function changePassword(address: string, user: string, secret: string): Promise<void> {
  const salt = randomBytes(16)
  const salted = pbkdf2Sync(secret, salt, iterations, 64, 'sha512')
  const iterationBytes = Buffer.alloc(4)
  iterationBytes.writeInt32BE(iterations)
  // Compact texts and lists begin with their length and one; each structure ends with its number of tags.
  const compact = (bytes: Buffer) => Buffer.concat([Buffer.of(bytes.length + 1), bytes])
  const upsertion = [compact(Buffer.from(user)), Buffer.of(scramSha512), iterationBytes, compact(salt), compact(salted)]
  const body = Buffer.concat([Buffer.of(1, 2), ...upsertion, Buffer.of(0, 0)])
  // Key 51, version 0, number 1, the client id, and no tags.
  const head = Buffer.concat([Buffer.of(0, 51, 0, 0, 0, 0, 0, 1, 0, 4), Buffer.from('test'), Buffer.of(0)])
  const size = Buffer.alloc(4)
  size.writeInt32BE(head.length + body.length)
  const answer = await new Promise<Buffer>((resolve, reject) => {
    const socket = connect(splitBroker(address), () => void socket.write(Buffer.concat([size, head, body])))
    let bytes = Buffer.alloc(0)
    socket.on('data', chunk => {
      bytes = Buffer.concat([bytes, chunk])
      if (bytes.length < 4 || bytes.length < 4 + bytes.readInt32BE(0)) return
      resolve(bytes.subarray(8))
      socket.destroy()
    })
    socket.once('error', reject)
  })
  // Tags of the head, throttle time, the list, the user, the error.
  const error = answer.readInt16BE(1 + 4 + 1 + 1 + user.length)
  if (error !== 0) throw new Error(`the password was not changed: error ${error}`)
}
