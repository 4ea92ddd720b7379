import { X509Certificate } from 'node:crypto'
import http from 'node:http'
import https from 'node:https'
import { createSecureContext, getCACertificates } from 'node:tls'
import { readSecret, type Secret, SecretUnreadable } from '../../../core/index.ts'
import { RegistryError } from '../../errors.ts'
import type { RegistryTls } from '../options.ts'

/** ms after which an idle connection is closed: longer than the pause between two looks of a sink. */
const idleMs = 15_000

/** Proxies are used where Node itself is set to (NODE_USE_ENV_PROXY), as `fetch` does. */
function agentOptions() {
  const { proxyEnv } = https.globalAgent.options
  return { keepAlive: true, timeout: idleMs, ...(proxyEnv && { proxyEnv }) }
}

/** What TLS is made with, as it was read last. */
interface Material {
  /** PEM, or `system`. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly passphrase?: string
}

/** The agents that were made of some material. */
interface Secure {
  readonly made: string
  readonly agent: https.Agent
  /** Made when it is needed: reading Node's own CAs takes 50 ms. */
  tokens?: https.Agent
  readonly ca: readonly string[] | undefined
}

const variables: Readonly<Record<keyof Omit<RegistryTls, 'serverName'>, string>> = {
  ca: 'SCHEMA_REGISTRY_SSL_CA_LOCATION',
  certificate: 'SCHEMA_REGISTRY_SSL_CERTIFICATE_LOCATION',
  key: 'SCHEMA_REGISTRY_SSL_KEY_LOCATION',
  passphrase: 'SCHEMA_REGISTRY_SSL_KEY_PASSWORD'
}

/**
 * The connections to the registry and to its token endpoint. Files of certificates and keys are read before each
 * request; when they have changed, new connections are made with the new ones. Files that do not fit together yet, in
 * the middle of a rotation, leave the old ones in use.
 */
export class Agents {
  readonly #tls: RegistryTls
  readonly #plain = new http.Agent(agentOptions())
  #secure: Secure | undefined

  constructor(tls: RegistryTls = {}) {
    this.#tls = tls
  }

  /** @throws RegistryError `REGISTRY_UNTRUSTED` when certificate or key cannot be read or used */
  async of(url: string, isTokenEndpoint = false): Promise<http.Agent> {
    if (!url.startsWith('https:')) return this.#plain
    const secure = await this.#current()
    if (!isTokenEndpoint) return secure.agent
    secure.tokens ??= tokensAgent(secure.ca)
    return secure.tokens
  }

  async #current(): Promise<Secure> {
    try {
      const material = await this.#read()
      const made = JSON.stringify(material)
      if (this.#secure?.made === made) return this.#secure
      // Throws for what is no certificate, a key of another one, and a wrong passphrase.
      const secure = this.#secured(material, made)
      this.#retire()
      this.#secure = secure
      return this.#secure
    } catch (error) {
      if (this.#secure) return this.#secure
      throw unusable(error)
    }
  }

  #secured({ ca: given, ...own }: Material, made: string): Secure {
    const { serverName } = this.#tls
    const ca = given === undefined ? undefined : given === 'system' ? getCACertificates('system') : [given]
    // Node passes over what is no certificate, and trusts none then.
    for (const each of ca ?? []) new X509Certificate(each)
    const secureContext = createSecureContext({ ...own, ...(ca && { ca }) })
    const named = serverName !== undefined && { servername: serverName }
    return { agent: new https.Agent({ ...agentOptions(), secureContext, ...named }), ca, made }
  }

  async #read(): Promise<Material> {
    const { ca, certificate, key, passphrase } = this.#tls
    const read = (given: Secret, name: keyof typeof variables) => readSecret(given, `connection.registry.tls.${name}`)
    return {
      ...(ca !== undefined && { ca: await read(ca, 'ca') }),
      ...(certificate !== undefined && { cert: await read(certificate, 'certificate') }),
      ...(key !== undefined && { key: await read(key, 'key') }),
      ...(passphrase !== undefined && { passphrase: await read(passphrase, 'passphrase') })
    }
  }

  /** Requests that are under way end; idle connections are closed. */
  #retire(): void {
    for (const agent of [this.#secure?.agent, this.#secure?.tokens]) {
      if (!agent) continue
      agent.maxFreeSockets = 0
      for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy()
    }
  }
}

/** A token endpoint often has a public certificate, and gets no certificate of this client. */
function tokensAgent(ca: readonly string[] | undefined): https.Agent {
  if (!ca) return new https.Agent(agentOptions())
  return new https.Agent({
    ...agentOptions(),
    secureContext: createSecureContext({ ca: [...getCACertificates('default'), ...ca] })
  })
}

function unusable(error: unknown): RegistryError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'no PEM'
  const why =
    error instanceof SecretUnreadable
      ? error.message
      : `the certificates or the key of \`connection.registry.tls\` cannot be used (${code})`
  return new RegistryError(
    'REGISTRY_UNTRUSTED',
    `TLS with the schema registry is not possible: ${why}. Check ${Object.values(variables).join(', ')}`
  )
}
