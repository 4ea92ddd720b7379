import type { KafkajsClient } from '../../kafka/kafkajs/index.ts'
import type { Registry } from '../../schemas/index.ts'

/** When, where and of what a measurement was. */
export interface Circumstances {
  /** ISO 8601, UTC. */
  readonly measuredAt: string
  readonly machine: Machine
  /** Server, peer and tool → version. */
  readonly versions: Readonly<Record<string, string>>
  readonly durability: Durability
}

/** What the results depend on. */
export interface Machine {
  readonly processor: string
  readonly cores: number
  readonly memoryGb: number
}

/** The servers that all contenders share, and where their processor time is read. */
export interface Servers {
  readonly brokers: string
  readonly registryUrl: string
  readonly databaseUrl: string
  readonly env: Readonly<Record<string, string>>
  readonly kafkaPid: number
  readonly postgresPid: number
  readonly client: KafkajsClient
  readonly registry: Registry
  /** Where processes write what they have to say. */
  readonly logs: string
  /** For files of this run; gone with the servers. */
  readonly scratch: string
  readonly adopt: (name: string, pid: number | undefined) => void
}

export type Durability = Readonly<Record<string, string>>
