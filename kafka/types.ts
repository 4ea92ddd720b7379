/** How to reach a Kafka that asks for more than a TCP connection. */
export interface KafkaSecurity {
  readonly ssl?: boolean
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
    readonly username: string
    readonly password: string
  }
}
