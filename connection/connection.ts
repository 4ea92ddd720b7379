import { checkOptions, OptionsError, onlyOnce } from '../core/index.ts'
import type { AdminLine, KafkaClient, KafkaClientName, KafkaClientOptions } from '../kafka/index.ts'
import type { ConnectionOptions, KafkaConnection, PostgresConnection, RegistryConnection } from './options.ts'
import { connectionRule } from './options.ts'

/**
 * What several parts of one process share: one view of the Kafka cluster with one connection for questions to it, and
 * one pool of sessions of Postgres. It is accepted wherever {@link ConnectionOptions} are. The one that made it closes
 * it, after the parts that use it; a part that was given plain options makes one of its own and closes it itself.
 */
export interface Connection extends ConnectionOptions, AsyncDisposable {
  /** Closes what is shared. May be called twice. */
  close(): Promise<void>
}

type OpenKafka = (options: KafkaClientOptions) => KafkaClient

/** Something that is closed by `end`, such as a pool of sessions. */
interface Ends {
  end(): Promise<unknown>
}

/** Opens nothing yet: each server is reached for when it is first needed. @throws OptionsError */
export function createConnection<Options extends ConnectionOptions>(options: Options): Connection & Options {
  checkOptions<{ connection: ConnectionOptions }>({ connection: options }, { connection: connectionRule })
  return new LazyConnection(options) as unknown as Connection & Options
}

/**
 * The cluster of a connection, under a name of its own.
 * @param given checked before
 * @param create makes the client, unless the connection is shared and another part has made one
 * @returns how to let go of it too: what was made here is closed then, what is shared is left alone
 */
export function useKafka(
  given: Pick<ConnectionOptions, 'kafka'>,
  create: OpenKafka,
  name: KafkaClientName
): { readonly client: KafkaClient; readonly release: () => Promise<void> } {
  if (given instanceof LazyConnection) return { client: open(given).kafkaClient(create, name), release: done }
  const own = new LazyConnection(given)
  return { client: own.kafkaClient(create, name), release: () => own.close() }
}

/**
 * The sessions of a connection.
 * @param given checked before
 * @param openPool opens a pool, unless the connection is shared and another part has opened one
 */
export function usePool<Pool extends Ends>(
  given: { readonly postgres: PostgresConnection },
  openPool: (postgres: PostgresConnection) => Pool
): { readonly pool: Pool; readonly release: () => Promise<void> } {
  if (given instanceof LazyConnection) return { pool: open(given).pool(given.postgres, openPool), release: done }
  const pool = openPool(given.postgres)
  return { pool, release: async () => void (await pool.end()) }
}

const done = async (): Promise<void> => undefined

/** @throws OptionsError where it was closed */
function open(connection: LazyConnection): LazyConnection {
  if (connection.isClosed) throw new OptionsError('connection', 'one that is open: this one was closed')
  return connection
}

/** The parts bring what opens clients and sessions, so that this loads neither. */
class LazyConnection implements Partial<ConnectionOptions> {
  declare readonly kafka: KafkaConnection
  declare readonly registry: RegistryConnection
  declare readonly postgres: PostgresConnection
  #client: KafkaClient | undefined
  #line: AdminLine | undefined
  #pool: Ends | undefined
  #isClosed = false
  readonly #end = onlyOnce(async () => {
    await Promise.all([this.#line?.close(), this.#pool?.end()])
  })

  constructor(options: Partial<ConnectionOptions>) {
    Object.assign(this, copyOf(options))
  }

  kafkaClient(create: OpenKafka, name: KafkaClientName): KafkaClient {
    const { brokers, ...security } = this.kafka
    this.#client ??= create({ brokers, security, ...name })
    const client = this.#client.named(name)
    return {
      ...client,
      named: other => this.kafkaClient(create, { ...name, ...other }),
      adminLine: () => this.#adminLine(client)
    }
  }

  pool<Pool extends Ends>(postgres: PostgresConnection, open: (postgres: PostgresConnection) => Pool): Pool {
    this.#pool ??= open(postgres)
    return this.#pool as Pool
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  close(): Promise<void> {
    this.#isClosed = true
    return this.#end()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Closed with the connection, not by the parts that ask. */
  #adminLine(client: KafkaClient): AdminLine {
    this.#line ??= client.adminLine()
    const line = this.#line
    return { ask: question => line.ask(question), heldBackWords: topics => line.heldBackWords(topics), close: done }
  }
}

/** A deep copy of options: what the caller changes later changes nothing. Functions, and what is no plain object, are kept. */
function copyOf<Value>(value: Value): Value {
  if (Array.isArray(value)) return value.map(copyOf) as Value
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, copyOf(each)])) as Value
}
