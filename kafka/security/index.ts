/** TLS and logins of a connection to Kafka: rules, files that are replaced, tokens, and words for what fails. */
export { type ConnectionFault, mismatch, tlsFault, wireName } from './faults.ts'
export { fromMskIam } from './msk-iam.ts'
export { currentSecret, named } from './names.ts'
export { probePort } from './probe.ts'
export { saslMechanism, securityRules } from './rules.ts'
export { type SecurityValues, securityFrom, securitySettings } from './settings.ts'
export { TlsOptions } from './tls.ts'
export { fromTokenEndpoint } from './token-endpoint.ts'
