import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterAll } from 'vitest'

/** A broker as one whose machine is frozen: its kernel takes connections, and nothing answers. */
export async function silentBroker(): Promise<{ readonly address: string; readonly connections: () => number }> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => void sockets.add(socket.on('error', () => undefined))).listen(0, '127.0.0.1')
  await once(server, 'listening')
  afterAll(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const { port } = server.address() as AddressInfo
  return { address: `127.0.0.1:${port}`, connections: () => sockets.size }
}
