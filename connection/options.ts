import { checkBrokers, checkDatabaseUrl, type Rules, rule, type Secret } from '../core/index.ts'
import { type KafkaSecurity, securityRules } from '../kafka/index.ts'
import { type RegistryConnection, registryRules } from '../schemas/index.ts'

export type { RegistryConnection }

/** How to reach Kafka, how TLS is spoken with it (`tls`), and how to log in to it (`sasl`). */
export interface KafkaConnection extends KafkaSecurity {
  /** `host:port` of at least one broker. */
  readonly brokers: readonly string[]
}

/** How to reach Postgres. */
export interface PostgresConnection {
  /** `postgres://user:password@host:port/database`, with the parameters of TLS: `?sslmode=verify-full&sslrootcert=/ca.pem`. */
  readonly url: string
  /**
   * In place of a password in the URL. A function is asked for each new session: for tokens that live for minutes, and
   * for files that rotate. Sessions that are open stay open. Default: that of the URL.
   */
  readonly password?: Secret
  /** Schema of the tables. Default: where the `search_path` of the role or the database leads. */
  readonly schema?: string
}

/** Where the servers are and how to log in to them: the same object for every part of a process. */
export interface ConnectionOptions {
  readonly kafka: KafkaConnection
  readonly registry: RegistryConnection
  /** Needed by sinks and by what else keeps something in Postgres. */
  readonly postgres?: PostgresConnection
}

/** The same where Postgres is needed too. */
export type ConnectionWithPostgres = ConnectionOptions & Required<Pick<ConnectionOptions, 'postgres'>>

const kafka: Rules<KafkaConnection> = {
  brokers: rule.required(rule.address(checkBrokers)),
  ...securityRules
}

const postgres: Rules<PostgresConnection> = {
  url: rule.required(rule.address(checkDatabaseUrl)),
  password: rule.secret,
  schema: rule.schemaName
}

const where = 'an object that says where `kafka` and `registry` are'

/** The rule of the option `connection`, the first one that every part checks. */
export const connectionRule = rule.required(
  rule.object<ConnectionOptions>(
    {
      kafka: rule.required(rule.object(kafka, 'an object with `brokers`')),
      registry: rule.required(rule.object(registryRules, 'an object with the `url` of the schema registry')),
      postgres: rule.object(postgres, 'an object with the `url` of the database')
    },
    where
  )
)

/** The rule where Postgres is needed too. */
export const connectionWithPostgresRule = rule.required(
  rule.object<ConnectionWithPostgres>(
    {
      kafka: rule.required(rule.object(kafka, 'an object with `brokers`')),
      registry: rule.required(rule.object(registryRules, 'an object with the `url` of the schema registry')),
      postgres: rule.required(rule.object(postgres, 'an object with the `url` of the database'))
    },
    where
  )
)

/** The rules of what needs Postgres alone: the connection of the other parts is taken too. */
export const postgresRules: Rules<ConnectionWithPostgres> = {
  kafka: rule.object(kafka, 'an object with `brokers`'),
  registry: rule.object(registryRules, 'an object with the `url` of the schema registry'),
  postgres: rule.required(rule.object(postgres, 'an object with the `url` of the database'))
}
