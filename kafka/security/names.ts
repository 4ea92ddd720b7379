import { CurrentSecret, OptionsError, type Secret } from '../../core/index.ts'

/** What an option is called in code and in the environment: each message says both. */
const variables = {
  tls: 'KAFKA_SSL',
  'tls.ca': 'KAFKA_SSL_CA_LOCATION',
  'tls.certificate': 'KAFKA_SSL_CERTIFICATE_LOCATION',
  'tls.key': 'KAFKA_SSL_KEY_LOCATION',
  'tls.passphrase': 'KAFKA_SSL_KEY_PASSWORD',
  'tls.serverName': 'KAFKA_SSL_SERVER_NAME',
  brokers: 'KAFKA_BROKERS',
  sasl: 'KAFKA_SASL_MECHANISM',
  'sasl.mechanism': 'KAFKA_SASL_MECHANISM',
  'sasl.username': 'KAFKA_SASL_USERNAME',
  'sasl.password': 'KAFKA_SASL_PASSWORD',
  'sasl.tokenEndpoint': 'KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL',
  'sasl.clientId': 'KAFKA_SASL_OAUTHBEARER_CLIENT_ID',
  'sasl.clientSecret': 'KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET',
  'sasl.scope': 'KAFKA_SASL_OAUTHBEARER_SCOPE',
  'sasl.extensions': 'KAFKA_SASL_OAUTHBEARER_EXTENSIONS',
  'sasl.tokenEndpointCa': 'KAFKA_SASL_OAUTHBEARER_CA_LOCATION',
  'sasl.region': 'KAFKA_SASL_AWS_REGION'
} as const

export type SecurityOption = keyof typeof variables

/** `` `tls.ca` (KAFKA_SSL_CA_LOCATION) `` */
export const named = (option: SecurityOption): string => `\`${option}\` (${variables[option]})`

/**
 * A secret of the login that is read again for each one.
 * @param onStale as {@link CurrentSecret} has it
 * @throws OptionsError where its file cannot be read
 */
export function currentSecret(
  option: SecurityOption,
  source: Secret,
  onStale: (reason: string) => void
): CurrentSecret {
  try {
    return new CurrentSecret(source, `connection.kafka.${option}`, onStale)
  } catch (error) {
    throw new OptionsError(`connection.kafka.${option}`, `${(error as Error).message}. It is ${named(option)}`)
  }
}
