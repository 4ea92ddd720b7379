import { createServer, type Server } from 'node:net'
import { UsageError } from '../../core/index.ts'
import { StackError } from './errors.ts'
import type { BrokerPorts, Ports } from './types.ts'

/** Ports that the caller wants; the others are free-chosen. */
export type WantedPorts = Partial<Pick<Ports, 'kafka' | 'registry' | 'postgres'>>

/** Servers beyond one of each. */
export interface Layout {
  readonly brokers?: number | undefined
  readonly proxied?: boolean
}

/** @throws UsageError when two servers are to share a port, or a server runs on another one than is wanted */
export function checkWanted(wanted: WantedPorts, running?: WantedPorts): void {
  const asked = Object.entries(wanted) as [keyof WantedPorts, number][]
  for (const [index, [name, port]] of asked.entries()) {
    const other = asked.slice(0, index).find(each => each[1] === port)
    if (other) throw new UsageError(`Port ${port} cannot be that of ${other[0]} and of ${name}: give each its own`)
    if (running && running[name] !== port)
      throw new UsageError(
        `${name} runs already, on port ${running[name]} and not on ${port}: end the servers with \`node bin/eventtrail.mjs stack down\` first`
      )
  }
}

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}

const portOf = (server: Server): number => {
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}

/**
 * The wanted ports, checked to be free, and free ones for the rest. All are held until all are known, so that
 * they differ. Earlier ones are taken again where they are still free, so that addresses stay.
 * @throws StackError `PORT_IN_USE` for a wanted port that is taken
 */
export async function choosePorts(
  wanted: WantedPorts = {},
  earlier: Partial<Ports> = {},
  layout: Layout = {}
): Promise<Ports> {
  const held: Server[] = []
  const hold = async (what: 'kafka' | 'registry' | 'postgres' | 'controller'): Promise<number> => {
    const port = what === 'controller' ? undefined : wanted[what]
    const server = await (port === undefined
      ? listen(earlier[what] ?? 0).catch(() => listen(0))
      : listen(port).catch(() => {
          throw new StackError(
            'PORT_IN_USE',
            `Port ${port} for ${what} is in use by another program: end that program, or choose another port or none`
          )
        }))
    held.push(server)
    return portOf(server)
  }
  try {
    const ports: Ports = {
      kafka: await hold('kafka'),
      registry: await hold('registry'),
      postgres: await hold('postgres'),
      controller: await hold('controller')
    }
    const free = async (): Promise<number> => {
      const server = await listen(0)
      held.push(server)
      return portOf(server)
    }
    const moreBrokers: BrokerPorts[] = []
    while (moreBrokers.length + 1 < (layout.brokers ?? 1))
      moreBrokers.push({ kafka: await free(), controller: await free() })
    return {
      ...ports,
      ...(moreBrokers.length > 0 && { moreBrokers }),
      ...(layout.proxied && { proxied: await free() })
    }
  } finally {
    await Promise.all(held.map(server => new Promise(resolve => server.close(resolve))))
  }
}

/** Free ports of this machine, each another one. */
export async function freePorts(count: number): Promise<number[]> {
  const held = await Promise.all(Array.from({ length: count }, () => listen(0)))
  const ports = held.map(portOf)
  await Promise.all(held.map(server => new Promise(resolve => server.close(resolve))))
  return ports
}
