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
