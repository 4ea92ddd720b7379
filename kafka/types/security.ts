import type { FileOrText, Secret } from '../../core/index.ts'

/** How TLS is spoken with the brokers. What is left out is as Node.js has it. */
export interface KafkaTls {
  /**
   * Certificates of the authorities that are trusted, PEM. They replace the default, the list of Node.js.
   * `system` trusts those of the operating system.
   */
  readonly ca?: FileOrText
  /** Client certificate with its chain, PEM; needs `key`. */
  readonly certificate?: FileOrText
  /** Private key of the client certificate, PEM. */
  readonly key?: FileOrText
  /** Passphrase of `key`, where it is encrypted. */
  readonly passphrase?: FileOrText
  /** Name that the brokers' certificates must have. Default: the host name of each broker. */
  readonly serverName?: string
}

/** A token, and when a new one is needed. */
export interface OAuthToken {
  readonly value: string
  /** ms for which it is valid from now. Default: it is asked for again with each login. */
  readonly expiresInMs?: number
  /** Sent to the broker with the token: Confluent Cloud needs `logicalCluster` and `identityPoolId`. */
  readonly extensions?: Readonly<Record<string, string>>
}

/** As Kafka spells them, or in small letters. */
export type PasswordMechanism =
  | 'plain'
  | 'scram-sha-256'
  | 'scram-sha-512'
  | 'PLAIN'
  | 'SCRAM-SHA-256'
  | 'SCRAM-SHA-512'

/** A login by user name and password. */
export interface PasswordLogin {
  readonly mechanism: PasswordMechanism
  readonly username: FileOrText
  readonly password: Secret
}

/** A login by a token that a function gets. */
export interface TokenLogin {
  readonly mechanism: 'oauthbearer' | 'OAUTHBEARER'
  /** Called again once 80 % of the life of a token are over. */
  readonly token: () => Promise<OAuthToken>
}

/** A login by a token from an OAuth 2 token endpoint (the grant `client_credentials`). */
export interface ClientCredentialsLogin {
  readonly mechanism: 'oauthbearer' | 'OAUTHBEARER'
  /** URL of the token endpoint, https or http. */
  readonly tokenEndpoint: string
  readonly clientId: FileOrText
  readonly clientSecret: Secret
  /** Default: none is asked for. */
  readonly scope?: string
  /** Sent to the broker with each token: Confluent Cloud needs `logicalCluster` and `identityPoolId`. */
  readonly extensions?: Readonly<Record<string, string>>
  /** Authorities that are trusted for the token endpoint, PEM. Default: as Node.js has it. */
  readonly tokenEndpointCa?: FileOrText
}

/** A login by IAM at Amazon MSK; needs the package `aws-msk-iam-sasl-signer-js`, and takes AWS's own credentials. */
export interface MskIamLogin {
  readonly mechanism: 'aws-msk-iam' | 'AWS_MSK_IAM'
  /** Region of the cluster, such as `eu-central-1`. */
  readonly region: string
}

export type KafkaSasl = PasswordLogin | TokenLogin | ClientCredentialsLogin | MskIamLogin

/** How to reach a Kafka that asks for more than a TCP connection. */
export interface KafkaSecurity {
  /** Default false. */
  readonly tls?: boolean | KafkaTls
  /** Default: no login. */
  readonly sasl?: KafkaSasl
}
