const unknownCa = 'is of no CA that is known here: sslrootcert=FILE in DATABASE_URL names one'
const notNow = 'is not valid at this time: it has expired, or is not valid yet'
const otherName = 'is for another name than the host in DATABASE_URL'

/** What Node.js says of a server's certificate. */
const ofCertificate: Readonly<Record<string, string>> = {
  SELF_SIGNED_CERT_IN_CHAIN: unknownCa,
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownCa,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownCa,
  UNABLE_TO_GET_ISSUER_CERT: unknownCa,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownCa,
  CERT_SIGNATURE_FAILURE: unknownCa,
  CERT_HAS_EXPIRED: notNow,
  CERT_NOT_YET_VALID: notNow,
  ERR_TLS_CERT_ALTNAME_INVALID: otherName
}

const clientCertificate = 'sslcert and sslkey in DATABASE_URL name one of a CA that it knows'

/** What OpenSSL says of the certificate or the key of this side, by its reason. */
const ofClient: Readonly<Record<string, string>> = {
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: `Postgres requires a client certificate: ${clientCertificate}`,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: `Postgres does not know the CA of the client certificate: ${clientCertificate}`,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: 'Postgres refuses the client certificate, which has expired',
  'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED': 'Postgres refuses the client certificate, which has expired',
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: 'The client certificate and the key of DATABASE_URL (sslcert, sslkey) are no pair'
}

/** Why there is no TLS connection to a Postgres that answers, in words; undefined for another kind of error. */
export function tlsWords(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const code = 'code' in error ? String(error.code) : ''
  if (Object.hasOwn(ofCertificate, code)) return `The certificate of Postgres ${ofCertificate[code]}`
  if (Object.hasOwn(ofClient, code)) return ofClient[code]
  // An error of pg without a code.
  if (/server does not support SSL/i.test(error.message))
    return 'Postgres does not speak TLS, which sslmode in DATABASE_URL requires: turn on ssl in its configuration'
  return undefined
}
