import type { KafkaErrorCode } from '../errors.ts'
import type { KafkaSecurity } from '../types/index.ts'
import { named } from './names.ts'
import { saslMechanism } from './rules.ts'

/** Why no connection comes of a broker that answers, in words that name the setting. */
export interface ConnectionFault {
  readonly code: KafkaErrorCode
  readonly words: string
}

const untrusted = new Set([
  'CERT_CHAIN_TOO_LONG',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE'
])
const expired = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'])
const otherName = new Set(['ERR_TLS_CERT_ALTNAME_INVALID', 'HOSTNAME_MISMATCH'])
/** Alerts of TLS about the certificate of the client, as OpenSSL names them. */
const aboutClient = /ALERT_(BAD_CERTIFICATE|CERTIFICATE_[A-Z]+|UNKNOWN_CA|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED)$/
const notTls = /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|UNKNOWN_PROTOCOL$/
const nothingShared = /UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION|HANDSHAKE_FAILURE|NO_SHARED_CIPHER|INSUFFICIENT_SECURITY/

/**
 * What a code of Node's TLS says of the connection to a broker; undefined where it is not about TLS.
 * @param broker `host:port`
 * @param certificateEnds when the client certificate ends, where there is one
 */
export function tlsFault(code: string, broker: string, certificateEnds?: string): ConnectionFault | undefined {
  if (untrusted.has(code))
    return {
      code: 'KAFKA_CERTIFICATE_UNTRUSTED',
      words: `the certificate of ${broker} is signed by no trusted authority (${code}): give the certificate of its CA in ${named('tls.ca')}`
    }
  if (expired.has(code))
    return {
      code: 'KAFKA_CERTIFICATE_EXPIRED',
      words: `the certificate of ${broker}, or of its CA, ${code === 'CERT_HAS_EXPIRED' ? 'has expired' : 'is not valid yet'} (${code}): renew it at the broker or in ${named('tls.ca')}, and check the clock of this machine`
    }
  if (otherName.has(code))
    return {
      code: 'KAFKA_CERTIFICATE_NAME',
      words: `the certificate of ${broker} is for another name (${code}): use a name that is in it in ${named('brokers')} and in the brokers' advertised.listeners, or give one in ${named('tls.serverName')}`
    }
  if (aboutClient.test(code)) {
    const mine = certificateEnds === undefined ? 'wants a client certificate' : 'refuses the client certificate'
    const ends = certificateEnds === undefined ? '' : `, which is valid until ${certificateEnds}`
    return {
      code: 'KAFKA_CERTIFICATE_REFUSED',
      words: `${broker} ${mine}${ends} (${code}): check ${named('tls.certificate')} and ${named('tls.key')}`
    }
  }
  if (notTls.test(code)) return plaintextPort(broker, ` (${code})`)
  if (nothingShared.test(code)) {
    // In TLS 1.2 some servers answer so where a client certificate is missing.
    const isOpen = code.includes('HANDSHAKE_FAILURE') && certificateEnds === undefined
    const wanting = isOpen ? ', or it wants a client certificate' : ''
    return {
      code: 'KAFKA_TLS_MISMATCH',
      words: `${broker} and this process have no version or cipher of TLS in common${wanting} (${code}): check the brokers' ssl.enabled.protocols and ssl.cipher.suites${wanting && `, and ${named('tls.certificate')}`}`
    }
  }
  return undefined
}

const plaintextPort = (broker: string, code = ''): ConnectionFault => ({
  code: 'KAFKA_TLS_MISMATCH',
  words: `${broker} does not speak TLS${code}, and this connection does: use its port for TLS in ${named('brokers')}, or leave out ${named('tls')}`
})

/** What a port answered to a probe. */
export interface PortFacts {
  readonly speaksTls: boolean
  /** Names of the mechanisms that it takes; undefined where it takes no login. */
  readonly mechanisms: readonly string[] | undefined
}

/** What the answers of a port say about the settings; undefined where they fit. */
export function mismatch(
  { speaksTls, mechanisms }: PortFacts,
  { tls = false, sasl }: KafkaSecurity,
  broker: string
): ConnectionFault | undefined {
  if (speaksTls && tls === false)
    return {
      code: 'KAFKA_TLS_MISMATCH',
      words: `${broker} speaks TLS, and this connection does not: set ${named('tls')}, or use its port without TLS in ${named('brokers')}`
    }
  if (!speaksTls && tls !== false) return plaintextPort(broker)
  if (mechanisms === undefined)
    return sasl && loginMismatch(`${broker} takes no login: leave out ${named('sasl')}, or use its port for SASL`)
  const list = mechanisms.join(', ')
  if (sasl === undefined) return loginMismatch(`${broker} asks for a login by ${list}: set ${named('sasl.mechanism')}`)
  const wanted = wireName(sasl.mechanism)
  if (mechanisms.includes(wanted)) return undefined
  return loginMismatch(`${broker} takes no login by ${wanted}, but by ${list}: change ${named('sasl.mechanism')}`)
}

const loginMismatch = (words: string): ConnectionFault => ({ code: 'KAFKA_LOGIN_MISMATCH', words })

/** What a mechanism is called in the protocol: a login by IAM is one by a token. */
export function wireName(mechanism: string): string {
  const name = saslMechanism(mechanism) ?? mechanism
  return name === 'aws-msk-iam' ? 'OAUTHBEARER' : name.toUpperCase()
}
