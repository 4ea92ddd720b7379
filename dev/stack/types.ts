/** One version of each server: `4.4.0`, `3.0.9`, `18.4`. */
export type Versions = Readonly<Record<'kafka' | 'registry' | 'postgres', string>>

/** Ports of an instance, all on 127.0.0.1. */
export interface Ports {
  readonly kafka: number
  /** The second listener of the broker, for its own controller. */
  readonly controller: number
  readonly registry: number
  readonly postgres: number
  /** Of the second and third broker of a cluster. */
  readonly moreBrokers?: readonly BrokerPorts[]
  /** A second listener of the first broker, for clients behind a proxy. */
  readonly proxied?: number
}

/** One server that can be stopped, killed and started again on the same port and data. */
export interface RestartableServer {
  /** Of the running process; undefined while it is stopped, and always for one in a container. */
  readonly pid: number | undefined
  /** Asks it to end cleanly and waits for that. */
  stop(): Promise<void>
  /** SIGKILL, to it and its children. */
  kill(): Promise<void>
  /** Starts it again; resolves when it answers. */
  start(): Promise<void>
}

export interface BrokerPorts {
  readonly kafka: number
  readonly controller: number
}
