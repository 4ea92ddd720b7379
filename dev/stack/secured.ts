import { onlyOnce, silentLogger } from '../../core/index.ts'
import { makeFolders } from './folders.ts'
import { Instance, sweep } from './instance.ts'
import { freePorts } from './ports.ts'
import { chosenVersions, ensureKafka, findJava, kafkaPlan, Server } from './servers/index.ts'
import { startWatchdog } from './stack.ts'
import type { RestartableServer } from './types.ts'

/** What a broker is secured with. Certificates and keys are files in PEM. */
export interface SecuredOptions {
  /** Its private key, its certificate and their authority, one after the other. */
  readonly keystore: string
  /** Authorities whose client certificates it takes. */
  readonly truststore: string
  /** Passwords by user name, for PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512 alike. */
  readonly users: Readonly<Record<string, string>>
  /** Who makes tokens: a file with its keys, its name, and for whom they are. */
  readonly tokens: { readonly jwks: string; readonly issuer: string; readonly audience: string }
  /** `User:…` that may do anything. Default: all may, no authorizer is set. */
  readonly superUsers?: readonly string[]
  /** Further settings: `listener.name.scram.connections.max.reauth.ms`. */
  readonly settings?: Readonly<Record<string, string>>
}

/** One broker with a listener for each way of connecting. */
export interface SecuredBroker extends AsyncDisposable {
  /** `host:port` of each listener. */
  readonly addresses: Readonly<Record<Listener, string>>
  readonly server: RestartableServer
  /** Its log, with the checks of the authorizer where there is one. */
  readonly log: string
  stop(): Promise<void>
}

/** Its listeners, and the security protocol of each. */
const listeners = {
  PLAINTEXT: 'PLAINTEXT',
  TLS: 'SSL',
  MTLS: 'SSL',
  SASL: 'SASL_SSL',
  SASLPLAIN: 'SASL_PLAINTEXT'
} as const
export type Listener = keyof typeof listeners

/** @throws StackError */
export async function startSecuredBroker(options: SecuredOptions): Promise<SecuredBroker> {
  makeFolders()
  await sweep()
  const instance = Instance.forThisProcess('secured')
  const dismissWatchdog = startWatchdog(instance)
  const java = await findJava()
  const parts = await ensureKafka(chosenVersions().kafka, { instance, say: () => undefined })
  const names = Object.keys(listeners) as Listener[]
  const [controller = 0, ...ports] = await freePorts(names.length + 1)
  const addresses = Object.fromEntries(names.map((name, at) => [name, `127.0.0.1:${ports[at]}`])) as Record<
    Listener,
    string
  >
  const plan = kafkaPlan({
    ...{ instance, parts, java, compiler: 'quick' },
    // It has a registry and a database nowhere.
    ports: { kafka: ports[names.indexOf('PLAINTEXT')] ?? 0, controller, registry: 0, postgres: 0 },
    brokerSettings: { ...securityOf(options, addresses, controller), ...options.settings },
    moreJvmFlags: ['urls', 'files'].map(
      what => `-Dorg.apache.kafka.sasl.oauthbearer.allowed.${what}=file://${options.tokens.jwks}`
    ),
    format: Object.entries(options.users).flatMap(([name, password]) =>
      ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap(mechanism => [
        '--add-scram',
        `${mechanism}=[name=${name},password=${password}]`
      ])
    )
  })
  const server = new Server(plan, { instance, logger: silentLogger })
  const stop = onlyOnce(async () => {
    await server.stop()
    await instance.endProcesses()
    instance.remove()
    await dismissWatchdog()
  })
  try {
    await server.start()
  } catch (error) {
    await instance.endProcesses()
    await dismissWatchdog()
    throw error
  }
  return { addresses, server, log: instance.log('kafka'), stop, [Symbol.asyncDispose]: stop }
}

function securityOf(
  { keystore, truststore, users, tokens, superUsers }: SecuredOptions,
  addresses: Readonly<Record<Listener, string>>,
  controller: number
): Readonly<Record<string, string>> {
  const list = Object.entries(addresses).map(([name, address]) => `${name}://${address}`)
  const modules = 'org.apache.kafka.common.security'
  const plainUsers = Object.entries(users).map(([name, password]) => `user_${name}="${password}"`)
  const ofSasl = (listener: string): Record<string, string> => {
    const prefix = `listener.name.${listener}.`
    const oauth = `${prefix}oauthbearer.sasl.`
    return {
      [`${prefix}sasl.enabled.mechanisms`]: 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
      [`${prefix}plain.sasl.jaas.config`]: `${modules}.plain.PlainLoginModule required ${plainUsers.join(' ')};`,
      [`${prefix}scram-sha-256.sasl.jaas.config`]: `${modules}.scram.ScramLoginModule required;`,
      [`${prefix}scram-sha-512.sasl.jaas.config`]: `${modules}.scram.ScramLoginModule required;`,
      [`${oauth}jaas.config`]: `${modules}.oauthbearer.OAuthBearerLoginModule required;`,
      [`${oauth}server.callback.handler.class`]: `${modules}.oauthbearer.OAuthBearerValidatorCallbackHandler`,
      [`${oauth}oauthbearer.jwks.endpoint.url`]: `file://${tokens.jwks}`,
      [`${oauth}oauthbearer.expected.issuer`]: tokens.issuer,
      [`${oauth}oauthbearer.expected.audience`]: tokens.audience
    }
  }
  return {
    listeners: [...list, `CONTROLLER://127.0.0.1:${controller}`].join(),
    'advertised.listeners': list.join(),
    'listener.security.protocol.map': [...Object.entries(listeners), ['CONTROLLER', 'PLAINTEXT']]
      .map(([name, protocol]) => `${name}:${protocol}`)
      .join(),
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': keystore,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': truststore,
    'listener.name.mtls.ssl.client.auth': 'required',
    // The user of a client certificate is its common name.
    'listener.name.mtls.ssl.principal.mapping.rules': 'RULE:^CN=([^,]+).*$/$1/,DEFAULT',
    ...ofSasl('sasl'),
    ...ofSasl('saslplain'),
    ...(superUsers && {
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': superUsers.join(';')
    })
  }
}
