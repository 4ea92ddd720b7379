import { asText, checkRegistryUrls, type Setting } from '../../core/index.ts'

const text = (env: string, help: string) => ({ env: `SCHEMA_REGISTRY_${env}`, help, parse: asText })

/** Where the registry is and how to log in to it, by the names that Confluent's clients have. */
export const registrySettings = {
  registryUrl: {
    env: 'SCHEMA_REGISTRY_URL',
    flag: '--registry <url>',
    help: 'schema registry, its Confluent-compatible API; several URLs of one registry, comma-separated, are tried in turn',
    parse: checkRegistryUrls
  },
  registryUserInfo: text('BASIC_AUTH_USER_INFO', 'user:password for the schema registry'),
  registryUserInfoFile: text('BASIC_AUTH_USER_INFO_FILE', 'file with user:password for the schema registry'),
  registryToken: text('BEARER_AUTH_TOKEN', 'token for the schema registry'),
  registryTokenFile: text('BEARER_AUTH_TOKEN_FILE', 'file with the token for the schema registry'),
  registryTokenUrl: {
    env: 'SCHEMA_REGISTRY_BEARER_AUTH_ISSUER_ENDPOINT_URL',
    help: 'token endpoint (OAuth client credentials) for the schema registry',
    parse: (given: string): string => checkRegistryUrls([given])[0] as string
  },
  registryClientId: text('BEARER_AUTH_CLIENT_ID', 'client id for the token endpoint of the schema registry'),
  registryClientSecret: text(
    'BEARER_AUTH_CLIENT_SECRET',
    'client secret for the token endpoint of the schema registry'
  ),
  registryClientSecretFile: text(
    'BEARER_AUTH_CLIENT_SECRET_FILE',
    'file with the client secret for the token endpoint of the schema registry'
  ),
  registryScope: text('BEARER_AUTH_SCOPE', 'scope of the tokens for the schema registry'),
  registryLogicalCluster: text(
    'BEARER_AUTH_LOGICAL_CLUSTER',
    'Confluent Cloud: id of the schema registry (lsrc-…), sent as target-sr-cluster'
  ),
  registryIdentityPool: text(
    'BEARER_AUTH_IDENTITY_POOL_ID',
    'Confluent Cloud: identity pool of the tokens for the schema registry (pool-…)'
  ),
  registryCa: text(
    'SSL_CA_LOCATION',
    'PEM file of the CAs to trust for the schema registry; `system` for those of the machine (default: those of Node)'
  ),
  registryCertificate: text('SSL_CERTIFICATE_LOCATION', 'PEM file of the client certificate for the schema registry'),
  registryKey: text(
    'SSL_KEY_LOCATION',
    'PEM file of the private key of the client certificate for the schema registry'
  ),
  registryKeyPassword: text('SSL_KEY_PASSWORD', 'passphrase of the private key for the schema registry'),
  registryKeyPasswordFile: text(
    'SSL_KEY_PASSWORD_FILE',
    'file with the passphrase of the private key for the schema registry'
  )
} as const satisfies Record<string, Setting<unknown>>
