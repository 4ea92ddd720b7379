import type { Admin, Kafka } from 'kafkajs'

/** An admin of kafkajs, and the cluster that it asks: kafkajs keeps that to itself. */
export function adminWithCluster(kafka: Kafka): { readonly admin: Admin; readonly cluster: Cluster } {
  const symbol = Object.getOwnPropertySymbols(kafka).find(each => each.description === 'private:Kafka:createCluster')
  const parts = kafka as unknown as Record<symbol, (options: unknown) => Cluster>
  const create = symbol && parts[symbol]
  if (!create) throw new TypeError('this kafkajs has no createCluster')
  let cluster: Cluster | undefined
  parts[symbol] = options => {
    cluster = create(options)
    return cluster
  }
  try {
    const admin = kafka.admin()
    if (!cluster) throw new TypeError('this kafkajs makes an admin without a cluster')
    return { admin, cluster }
  } finally {
    parts[symbol] = create
  }
}

export interface Cluster {
  readonly brokerPool: {
    findConnectedBroker(): Promise<Broker>
    /** Fails for a broker that no metadata has named yet. */
    findBroker(which: { readonly nodeId: number }): Promise<Broker>
    refreshMetadata(topics: readonly string[]): Promise<unknown>
    /** Those that metadata has named, by their ids, and the one that was asked first. */
    readonly brokers?: Readonly<Record<string, Broker>>
    readonly seedBroker?: Broker
  }
}

export interface Broker {
  describeConfigs(question: {
    readonly includeSynonyms: boolean
    readonly resources: readonly {
      readonly type: number
      readonly name: string
      readonly configNames: readonly string[]
    }[]
  }): Promise<{
    readonly resources: readonly {
      readonly resourceName: string
      readonly configEntries: readonly { readonly configName: string; readonly configValue: string }[]
    }[]
  }>
  readonly versions?: Readonly<Record<number, { readonly maxVersion: number }>>
  readonly connectionPool: {
    /** @param call.requestTimeout ms; default, and at least, that of the client */
    send<D, R>(call: {
      request: Request
      response: { decode(payload: Buffer): Promise<D>; parse(decoded: D): Promise<R> }
      requestTimeout?: number
    }): Promise<R>
    readonly pool: readonly { rejectRequests(error: Error): void }[]
  }
}

export interface Request {
  readonly apiKey: number
  readonly apiVersion: number
  readonly apiName: string
  encode(): Promise<Encoding>
}

export interface Encoding {
  writeUVarInt(value: number): this
  writeUVarIntString(value: string): this
  writeBuffer(value: Buffer): this
  writeBoolean(value: boolean): this
}

/** In place of kafkajs's `parse`, which throws for the error of any topic or partition. */
export const asItIs = async <T>(found: T): Promise<T> => found
