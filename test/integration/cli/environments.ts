/** An environment that names no server. */
export const unset = {
  KAFKA_BROKERS: '',
  SCHEMA_REGISTRY_URL: '',
  DATABASE_URL: '',
  SMTP_URL: '',
  OPENSEARCH_URL: '',
  EVENTTRAIL_CONFIG: ''
}
/** Addresses where no server is. */
export const nobody = {
  KAFKA_BROKERS: '127.0.0.1:1',
  SCHEMA_REGISTRY_URL: 'http://127.0.0.1:1',
  DATABASE_URL: 'postgres://127.0.0.1:1/none'
}
