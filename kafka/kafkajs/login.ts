import type { AuthenticationProviderArgs, Mechanism } from 'kafkajs'
import plainModule from 'kafkajs/src/broker/saslAuthenticator/plain.js'
import scram256Module from 'kafkajs/src/broker/saslAuthenticator/scram256.js'
import scram512Module from 'kafkajs/src/broker/saslAuthenticator/scram512.js'
import oauthModule from 'kafkajs/src/protocol/sasl/oauthBearer/index.js'
import { isToken, type Logger, type Secret, safeError, TokenKeeper } from '../../core/index.ts'
import { KafkaError } from '../errors.ts'
import { currentSecret, fromMskIam, fromTokenEndpoint, named, saslMechanism, wireName } from '../security/index.ts'
import type { KafkaSasl, OAuthToken, PasswordLogin } from '../types/index.ts'

type Provider = Mechanism['authenticationProvider']
type Authenticate = AuthenticationProviderArgs['saslAuthenticate']
interface Request {
  encode(): Promise<Buffer>
}

// kafkajs's own, which know the messages of each mechanism.
const passwordProviders: Readonly<Record<string, (login: { username: string; password: string }) => Provider>> = {
  plain: plainModule as never,
  'scram-sha-256': scram256Module as never,
  'scram-sha-512': scram512Module as never
}
const tokenMessage = (oauthModule as { request(sasl: object, token: OAuthToken): Promise<Request> }).request

/** Named so that kafkajs takes it for a login that failed; the cause says why, by the names of the settings. */
class LoginFailed extends Error {
  override readonly name = 'KafkaJSSASLAuthenticationError'
  /** kafkajs would begin a second login on the same connection, which the broker refuses for another reason. */
  readonly retriable = false

  constructor(cause: KafkaError) {
    super(cause.message, { cause })
  }
}

/**
 * How kafkajs logs in. Names, passwords and tokens are read again for each login, and a failure is a
 * {@link KafkaError} that names the settings: kafkajs keeps the first ones, takes a connection that broke for a wrong
 * password, and does not notice that a token was refused.
 * @throws OptionsError where a file cannot be read
 */
export function loginBy(sasl: KafkaSasl, log: Logger): Mechanism {
  const mechanism = wireName(sasl.mechanism)
  return { mechanism, authenticationProvider: 'password' in sasl ? byPassword(sasl, log) : byToken(sasl, log) }
}

function byPassword({ mechanism, username, password }: PasswordLogin, log: Logger): Provider {
  const current = (option: 'sasl.username' | 'sasl.password', source: Secret) =>
    currentSecret(option, source, reason =>
      log.warn({ option, reason }, 'a file for the login to Kafka cannot be read; what it held is used')
    )
  const [user, secret] = [current('sasl.username', username), current('sasl.password', password)]
  const name = saslMechanism(mechanism) ?? 'plain'
  const provider = passwordProviders[name]
  if (provider === undefined) throw new TypeError(`no login by ${name}`)
  return args => ({
    async authenticate() {
      let failure: unknown
      const saslAuthenticate: Authenticate = async message => {
        try {
          return await args.saslAuthenticate(message)
        } catch (error) {
          failure = error
          throw error
        }
      }
      try {
        // One reading for the whole exchange.
        const login = { username: await user.read(), password: await secret.read() }
        await provider(login)({ ...args, saslAuthenticate }).authenticate()
      } catch (error) {
        if (isBroken(failure)) throw failure
        throw new LoginFailed(
          new KafkaError('KAFKA_AUTHENTICATION', wrongPassword(args, wireName(mechanism)), failure ?? error)
        )
      }
    }
  })
}

const wrongPassword = ({ host, port }: AuthenticationProviderArgs, mechanism: string): string =>
  `${host}:${port} did not accept the user name or the password by ${mechanism}: check ${named('sasl.username')} and ${named('sasl.password')}, and that the user exists for this mechanism`

/** Whether the connection broke, which says nothing about the login. */
const isBroken = (error: unknown): boolean =>
  error instanceof Error && /^KafkaJS(Connection|ConnectionClosed|RequestTimeout)Error$/.test(error.name)

type TokenSasl = Exclude<KafkaSasl, PasswordLogin>

function sourceOf(sasl: TokenSasl, log: Logger): () => Promise<OAuthToken> {
  if ('region' in sasl) return fromMskIam(sasl.region)
  return 'token' in sasl ? fromFunction(sasl.token) : fromTokenEndpoint(sasl, log)
}

/** What a function of the user's throws is passed on by its cause alone: it may hold a secret. */
function fromFunction(token: () => Promise<OAuthToken>): () => Promise<OAuthToken> {
  return async () => {
    let found: OAuthToken
    try {
      found = await token()
    } catch (cause) {
      throw new KafkaError('KAFKA_TOKEN_UNAVAILABLE', 'the function `sasl.token` failed', cause)
    }
    // Callers without types.
    if (isToken(found?.value)) return found
    throw new KafkaError('KAFKA_TOKEN_UNAVAILABLE', 'the function `sasl.token` resolved to no { value } with a token')
  }
}

/** Asks the broker for the error that it ends a refused login with (RFC 7628, 3.2.3). */
const goOn: Request = { encode: async () => Buffer.of(0, 0, 0, 1, 1) }
const lengthBytes = 4

/** ms that a token must have left: brokers end a session with its token, and a login takes a moment. */
const leastLeftMs = 15_000

function byToken(sasl: TokenSasl, log: Logger): Provider {
  const source = sourceOf(sasl, log)
  const tokens = new TokenKeeper(
    async () => {
      const token = await source()
      // One whose life is unknown is requested for each login.
      return { token, lifeMs: token.expiresInMs ?? 0 }
    },
    {
      leastLeftMs,
      onStale: error =>
        log.warn({ err: safeError(error) }, 'no new token for Kafka; the last one is used while it is valid')
    }
  )
  return ({ host, port, saslAuthenticate }) => ({
    async authenticate() {
      let token: OAuthToken
      try {
        token = await tokens.get()
      } catch (error) {
        throw error instanceof KafkaError ? new LoginFailed(error) : error
      }
      const answer = { decode: async (bytes: Buffer) => bytes, parse: async (bytes: Buffer) => bytes }
      const send = (request: Request) => saslAuthenticate({ request, response: answer } as never)
      let said: Buffer | undefined
      try {
        said = (await send(await tokenMessage({}, token))) as Buffer | undefined
      } catch (error) {
        if (isBroken(error)) throw error
        throw refused(error)
      }
      // An empty one is a yes.
      if (said === undefined || said.length <= lengthBytes) return
      await send(goOn).catch(() => undefined)
      throw refused(said.toString('utf8', lengthBytes))

      function refused(reason: unknown): LoginFailed {
        tokens.refused(token)
        const status = /"status"\s*:\s*"([a-z_]{1,40})"/.exec(
          reason instanceof Error ? reason.message : String(reason)
        )?.[1]
        return new LoginFailed(
          new KafkaError(
            'KAFKA_TOKEN_REFUSED',
            `${host}:${port} did not accept the token${status ? ` (${status})` : ''}: ${adviceFor(sasl)}`,
            reason instanceof Error ? reason : undefined
          )
        )
      }
    }
  })
}

function adviceFor(sasl: TokenSasl): string {
  if ('region' in sasl) return `check the policy of the role that this process has, and ${named('sasl.region')}`
  const which = 'it may have expired, be signed with a key that the broker does not know, or be for another audience'
  return 'token' in sasl
    ? `${which}: check what \`sasl.token\` resolves to`
    : `${which}: check ${named('sasl.tokenEndpoint')}, ${named('sasl.scope')} and the clocks`
}
