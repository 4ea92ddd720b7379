import { mostServerText, printable, TimedOut, Unacceptable } from '../../../core/index.ts'
import type { RegistryErrorCode } from '../../errors.ts'

/** Why there was no answer. */
export interface Failure {
  readonly code: Extract<RegistryErrorCode, 'REGISTRY_UNAVAILABLE' | 'REGISTRY_UNTRUSTED'>
  /** What comes after "is unreachable: " or "TLS … fails: ". */
  readonly reason: string
}

/** Which settings the words name: those of the registry, or of its token endpoint. */
export interface SettingNames {
  readonly url: string
  readonly ca: string
}

export const registryNames: SettingNames = { url: 'SCHEMA_REGISTRY_URL', ca: 'SCHEMA_REGISTRY_SSL_CA_LOCATION' }
export const tokenNames: SettingNames = {
  url: 'SCHEMA_REGISTRY_BEARER_AUTH_ISSUER_ENDPOINT_URL',
  ca: 'SCHEMA_REGISTRY_SSL_CA_LOCATION'
}

const untrustedCa =
  /^(UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|(DEPTH_ZERO_)?SELF_SIGNED_CERT(_IN_CHAIN)?|CERT_UNTRUSTED|INVALID_CA)$/
const notTls = /wrong version number|packet length too long|http request|unsupported protocol/
const clientRefused =
  /alert (certificate (required|expired|unknown|revoked)|unknown ca|bad certificate|no certificate|handshake failure|access denied)/
const clientCertificate = 'SCHEMA_REGISTRY_SSL_CERTIFICATE_LOCATION and SCHEMA_REGISTRY_SSL_KEY_LOCATION'

/** The words for an error of a socket, of TLS or of HTTP. */
export function failureOf(error: unknown, isTls: boolean, { url, ca }: SettingNames = registryNames): Failure {
  if (error instanceof TimedOut || error instanceof Unacceptable) return unavailable(error.message)
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (untrustedCa.test(code))
    return untrusted(
      `its certificate is of a CA that is not trusted (${code}). Set ${ca} to the certificate of that CA`
    )
  if (code === 'CERT_HAS_EXPIRED') return untrusted(`its certificate has expired (${code}). The server needs a new one`)
  if (code === 'CERT_NOT_YET_VALID')
    return untrusted(`its certificate is not valid yet (${code}). Check the clocks of both machines`)
  if (code === 'CERT_REVOKED') return untrusted(`its certificate was revoked (${code}). The server needs a new one`)
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return untrusted(
      `its certificate has another name (${code})${names(error)}. Use a name of the certificate in ${url}, or set \`tls.serverName\``
    )
  // Node gives what OpenSSL says as a code (ERR_SSL_…), or in the words of EPROTO.
  const handshake = (code === 'EPROTO' ? (error as Error).message : code).toLowerCase().replaceAll('_', ' ')
  if (notTls.test(handshake))
    return untrusted(`it does not speak TLS on this port (${code}). Begin ${url} with http://, or use the port of TLS`)
  if (clientRefused.test(handshake))
    return untrusted(`it refuses or misses the certificate of this client (${code}). Check ${clientCertificate}`)
  if (/^(ERR_SSL|ERR_TLS|CERT_|EPROTO)/.test(code)) return untrusted(code)
  if (code.startsWith('HPE_'))
    return unavailable(
      `its answer is not HTTP (${code})${isTls ? '' : `. If it speaks TLS, begin ${url} with https://`}`
    )
  const words = ofSockets[code]
  if (words !== undefined) return unavailable(`${words} (${code})${code === 'ECONNRESET' ? hint(isTls, url) : ''}`)
  return unavailable(code || printable((error as Error).message, mostServerText))
}

const ofSockets: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'it closed the connection',
  EPIPE: 'it closed the connection',
  ENOTFOUND: 'its host name is unknown',
  EAI_AGAIN: 'the name server does not answer',
  EHOSTUNREACH: 'there is no route to its host',
  ENETUNREACH: 'there is no route to its network',
  ETIMEDOUT: 'its host does not answer'
}

const hint = (isTls: boolean, url: string): string =>
  isTls
    ? `. If it wants a certificate of clients, set ${clientCertificate}`
    : `. If it speaks TLS, begin ${url} with https://`

/** Which names the certificate has, in Node's words; they come from the server. */
function names(error: unknown): string {
  const reason = error instanceof Error && 'reason' in error ? error.reason : undefined
  return typeof reason === 'string' ? `: ${printable(reason, mostServerText).replace(/\.$/, '')}` : ''
}

const unavailable = (reason: string): Failure => ({ code: 'REGISTRY_UNAVAILABLE', reason })
const untrusted = (reason: string): Failure => ({ code: 'REGISTRY_UNTRUSTED', reason })
