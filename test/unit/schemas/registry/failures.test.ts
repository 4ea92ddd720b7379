import { expect, it } from 'vitest'
import { TimedOut, Unacceptable } from '../../../../core/index.ts'
import { failureOf, tokenNames } from '../../../../schemas/registry/transport/failures.ts'

const withCode = (code: string, message = 'words', more: object = {}): Error =>
  Object.assign(new Error(message), { code, ...more })

it.each<[string, Error, RegExp]>([
  [
    'a CA that is not trusted',
    withCode('UNABLE_TO_VERIFY_LEAF_SIGNATURE'),
    /not trusted.*SCHEMA_REGISTRY_SSL_CA_LOCATION/
  ],
  ['a certificate that signed itself', withCode('DEPTH_ZERO_SELF_SIGNED_CERT'), /not trusted/],
  ['a chain that signed itself', withCode('SELF_SIGNED_CERT_IN_CHAIN'), /not trusted/],
  ['a certificate that has expired', withCode('CERT_HAS_EXPIRED'), /has expired/],
  ['a certificate of tomorrow', withCode('CERT_NOT_YET_VALID'), /not valid yet.*clocks/],
  [
    'another name',
    withCode('ERR_TLS_CERT_ALTNAME_INVALID', 'words', { reason: "Host: a. is not in the cert's altnames: DNS:b" }),
    /another name.*altnames: DNS:b\. Use a name of the certificate in SCHEMA_REGISTRY_URL, or set `tls.serverName`/
  ],
  ['a server without TLS', withCode('ERR_SSL_WRONG_VERSION_NUMBER'), /does not speak TLS.*http:\/\//],
  [
    'a server without TLS, in the words of OpenSSL',
    withCode('EPROTO', 'write EPROTO 80:error:0A00010B:SSL routines:tls_validate_record_header:wrong version number:'),
    /does not speak TLS/
  ],
  [
    'a missing client certificate',
    withCode('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'),
    /refuses or misses the certificate of this client.*SCHEMA_REGISTRY_SSL_CERTIFICATE_LOCATION/
  ],
  ['a client certificate of another CA', withCode('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'), /certificate of this client/],
  [
    'a refused handshake, in the words of OpenSSL',
    withCode('EPROTO', 'write EPROTO 80:error:0A000410:SSL routines:ssl3_read_bytes:ssl/tls alert handshake failure:'),
    /certificate of this client/
  ],
  ['any other failure of TLS', withCode('ERR_SSL_NO_CIPHERS_AVAILABLE'), /^ERR_SSL_NO_CIPHERS_AVAILABLE$/]
])('%s is a failure of TLS', (_, error, words) => {
  const failure = failureOf(error, true)
  expect(failure.code).toBe('REGISTRY_UNTRUSTED')
  expect(failure.reason).toMatch(words)
})

it.each<[string, Error, boolean, RegExp]>([
  ['a port without a server', withCode('ECONNREFUSED'), false, /^nothing listens there \(ECONNREFUSED\)$/],
  ['a host without an address', withCode('ENOTFOUND'), true, /host name is unknown \(ENOTFOUND\)/],
  ['a closed connection', withCode('ECONNRESET'), false, /ECONNRESET.*speaks TLS.*https:\/\//],
  ['a closed connection with TLS', withCode('ECONNRESET'), true, /ECONNRESET.*certificate of clients/],
  ['an answer that is not HTTP', withCode('HPE_INVALID_CONSTANT'), false, /not HTTP.*https:\/\//],
  ['no answer', new TimedOut(50), true, /^no answer within 50 ms$/],
  ['an answer that is too long', new Unacceptable('it answers more than 5 bytes'), false, /more than 5 bytes/],
  ['anything else', new Error('a\u001b[31mb'), false, /^a\\u\{1b\}\[31mb$/]
])('%s is an outage', (_, error, isTls, words) => {
  const failure = failureOf(error, isTls)
  expect(failure.code).toBe('REGISTRY_UNAVAILABLE')
  expect(failure.reason).toMatch(words)
})

it('names the setting of the token endpoint where that is asked', () => {
  expect(failureOf(withCode('ERR_SSL_WRONG_VERSION_NUMBER'), true, tokenNames).reason).toContain(
    'Begin SCHEMA_REGISTRY_BEARER_AUTH_ISSUER_ENDPOINT_URL with http://'
  )
})
