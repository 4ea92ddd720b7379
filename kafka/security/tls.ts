import { X509Certificate } from 'node:crypto'
import { type ConnectionOptions, createSecureContext, getCACertificates, type SecureContext } from 'node:tls'
import { type FileOrText, type Logger, OptionsError, textOf } from '../../core/index.ts'
import type { KafkaTls } from '../types/index.ts'
import { named, type SecurityOption } from './names.ts'

/** What is read of the settings for one connection. */
interface TlsTexts {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly passphrase?: string
}

/** A setting that cannot be used. */
class Unusable extends Error {
  readonly option: SecurityOption
  constructor(option: SecurityOption, words: string) {
    super(words)
    this.option = option
  }
}

/**
 * The options of Node's TLS for each new connection. Files are read each time; what has not changed is parsed once.
 * While the files cannot be used, which happens in the middle of a replacement, the last ones that could are used.
 */
export class TlsOptions {
  readonly #tls: KafkaTls
  readonly #log: Logger
  #last: { readonly texts: TlsTexts; readonly context: SecureContext }
  #isStale = false

  /** @throws OptionsError where a file, a certificate or a key cannot be used */
  constructor(tls: true | KafkaTls, log: Logger) {
    this.#tls = tls === true ? {} : tls
    this.#log = log
    try {
      const texts = readTexts(this.#tls)
      this.#last = { texts, context: contextOf(texts) }
    } catch (error) {
      if (!(error instanceof Unusable)) throw error
      throw new OptionsError(`connection.kafka.${error.option}`, `${error.message}. It is ${named(error.option)}`)
    }
  }

  forConnection(): ConnectionOptions {
    this.#renew()
    const { serverName } = this.#tls
    return { secureContext: this.#last.context, ...(serverName !== undefined && { servername: serverName }) }
  }

  /** When the client certificate ends, as the certificate says it; undefined without one. */
  get certificateEnds(): string | undefined {
    const { cert } = this.#last.texts
    return cert === undefined ? undefined : certificatesIn(cert)[0]?.validTo
  }

  #renew(): void {
    try {
      const texts = readTexts(this.#tls)
      const { texts: known } = this.#last
      const isSame = (['ca', 'cert', 'key', 'passphrase'] as const).every(name => texts[name] === known[name])
      if (!isSame) {
        this.#last = { texts, context: contextOf(texts) }
        this.#log.info({}, 'TLS files for Kafka have changed; new connections use them')
      }
      this.#isStale = false
    } catch (error) {
      if (!(error instanceof Unusable)) throw error
      if (!this.#isStale)
        this.#log.warn(
          { option: error.option, reason: error.message },
          'TLS files for Kafka cannot be used; new connections use the last ones that could'
        )
      this.#isStale = true
    }
  }
}

function readTexts({ ca, certificate, key, passphrase }: KafkaTls): TlsTexts {
  return {
    ...(ca !== undefined && { ca: read('tls.ca', ca) }),
    ...(certificate !== undefined && { cert: read('tls.certificate', certificate) }),
    ...(key !== undefined && { key: read('tls.key', key) }),
    ...(passphrase !== undefined && { passphrase: read('tls.passphrase', passphrase) })
  }
}

function read(option: SecurityOption, source: FileOrText): string {
  try {
    return textOf(source)
  } catch (error) {
    throw new Unusable(option, (error as Error).message)
  }
}

function contextOf({ ca, cert, key, passphrase }: TlsTexts): SecureContext {
  if (ca !== undefined && ca !== 'system') checkCertificates('tls.ca', ca)
  if (cert !== undefined) checkCertificates('tls.certificate', cert)
  const trusted = ca === 'system' ? getCACertificates('system') : ca
  if (key !== undefined) checkKey(key, passphrase)
  try {
    return createSecureContext({
      ...(trusted !== undefined && { ca: trusted }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(passphrase !== undefined && { passphrase })
    })
  } catch {
    // Certificates and key were readable each for itself.
    throw new Unusable('tls.key', 'the private key of the client certificate: this is another one')
  }
}

const block = /-----BEGIN [A-Z ]*CERTIFICATE-----[\s\S]*?-----END [A-Z ]*CERTIFICATE-----/g

/** Node passes over what it cannot read of a list of authorities. */
function checkCertificates(option: SecurityOption, pem: string): void {
  try {
    if (certificatesIn(pem).length > 0) return
  } catch {
    throw new Unusable(option, 'certificates in PEM: one of them is damaged')
  }
  throw new Unusable(option, 'certificates in PEM: there is none in it')
}

const certificatesIn = (pem: string): X509Certificate[] =>
  (pem.match(block) ?? []).map(text => new X509Certificate(text))

function checkKey(key: string, passphrase: string | undefined): void {
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(key))
    throw new Unusable('tls.key', 'a private key in PEM: there is none in it')
  try {
    createSecureContext({ key, ...(passphrase !== undefined && { passphrase }) })
  } catch {
    const isEncrypted = /ENCRYPTED/.test(key)
    if (isEncrypted && passphrase === undefined)
      throw new Unusable('tls.passphrase', 'the passphrase of `tls.key`: the key is encrypted')
    if (isEncrypted) throw new Unusable('tls.passphrase', 'the passphrase of `tls.key`: it does not open the key')
    throw new Unusable('tls.key', 'a private key in PEM: it is damaged')
  }
}
