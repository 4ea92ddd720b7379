import { X509Certificate } from 'node:crypto'
import http from 'node:http'
import https from 'node:https'
import { createSecureContext, getCACertificates } from 'node:tls'
import { readSecret, SecretUnreadable } from '../../../core/index.ts'
import { RegistryError } from '../../errors.ts'
import type { RegistryTls } from '../options.ts'

/** ms after which an idle connection is closed: longer than the pause between two looks of a sink. */
const idleMs = 15_000
const kept = { keepAlive: true, timeout: idleMs } as const

/** What TLS is made with, as it was read last. */
interface Material {
  /** PEM, or `system`. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly passphrase?: string
}

/**
 * The connections to the registry and to its token endpoint. Files of certificates and keys are read before each
 * request; when they have changed, new connections are made with the new ones. Files that do not fit together yet, in
 * the middle of a rotation, leave the old ones in use.
 */
export class Agents {
  readonly #tls: RegistryTls
  readonly #plain = new http.Agent(kept)
  #secure: { readonly agent: https.Agent; readonly tokens: https.Agent; readonly made: string } | undefined

  constructor(tls: RegistryTls = {}) {
    this.#tls = tls
  }

  /** @throws RegistryError `REGISTRY_UNTRUSTED` when certificate or key cannot be read or used */
  async of(url: string, isTokenEndpoint = false): Promise<http.Agent> {
    if (!url.startsWith('https:')) return this.#plain
    const { agent, tokens } = await this.#current()
    return isTokenEndpoint ? tokens : agent
  }

  async #current() {
    try {
      const material = await this.#read()
      const made = JSON.stringify(material)
      if (this.#secure?.made === made) return this.#secure
      // Throws for what is no certificate, a key of another one, and a wrong passphrase.
      const agents = this.#agents(material)
      this.#retire()
      this.#secure = { ...agents, made }
      return this.#secure
    } catch (error) {
      if (this.#secure) return this.#secure
      throw unusable(error)
    }
  }

  #agents({ ca: given, ...own }: Material) {
    const { serverName } = this.#tls
    const ca = given === 'system' ? getCACertificates('system') : given
    // Node passes over what is no certificate, and trusts none then.
    for (const each of [ca ?? []].flat()) new X509Certificate(each)
    const secureContext = createSecureContext({ ...own, ...(ca !== undefined && { ca }) })
    // A token endpoint often has a public certificate, and gets no certificate of this client.
    const both = ca !== undefined && createSecureContext({ ca: [...getCACertificates('default'), ...[ca].flat()] })
    return {
      agent: new https.Agent({ ...kept, secureContext, ...(serverName !== undefined && { servername: serverName }) }),
      tokens: new https.Agent({ ...kept, ...(both && { secureContext: both }) })
    }
  }

  async #read(): Promise<Material> {
    const { ca, certificate, key, passphrase } = this.#tls
    const read = (given: Parameters<typeof readSecret>[0], name: string) =>
      readSecret(given, `connection.registry.tls.${name}`)
    return {
      ...(ca !== undefined && { ca: await read(ca, 'ca') }),
      ...(certificate !== undefined && { cert: await read(certificate, 'certificate') }),
      ...(key !== undefined && { key: await read(key, 'key') }),
      ...(passphrase !== undefined && { passphrase: await read(passphrase, 'passphrase') })
    }
  }

  /** Requests that are under way end; idle connections are closed. */
  #retire(): void {
    for (const agent of this.#secure ? [this.#secure.agent, this.#secure.tokens] : []) {
      agent.maxFreeSockets = 0
      for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy()
    }
  }
}

function unusable(error: unknown): RegistryError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'no PEM'
  const why =
    error instanceof SecretUnreadable
      ? error.message
      : `the certificates or the key of \`connection.registry.tls\` cannot be used (${code}). Check SCHEMA_REGISTRY_SSL_CA_LOCATION, SCHEMA_REGISTRY_SSL_CERTIFICATE_LOCATION, SCHEMA_REGISTRY_SSL_KEY_LOCATION and SCHEMA_REGISTRY_SSL_KEY_PASSWORD`
  return new RegistryError('REGISTRY_UNTRUSTED', `TLS with the schema registry is not possible: ${why}`)
}
