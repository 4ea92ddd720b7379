import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { afterAll } from 'vitest'

/** A way to a server that can swallow what goes over single connections, in both directions, without closing them. */
export async function swallowingProxy(url: string) {
  const target = new URL(url)
  const onward = new Map<number, { readonly ends: readonly [Socket, Socket] }>()
  const sockets = new Set<Socket>()
  const server = createServer(near => {
    const far = connect(Number(target.port), target.hostname)
    near.pipe(far).pipe(near)
    for (const end of [near, far]) {
      sockets.add(end)
      end.on('error', () => end.destroy())
    }
    far.on('connect', () => onward.set(far.localPort as number, { ends: [near, far] }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  afterAll(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const through = new URL(url)
  through.host = `127.0.0.1:${(server.address() as { port: number }).port}`
  return {
    url: through.href,
    /** Swallows the connection that the server sees as coming from this port. */
    swallow(port: number): void {
      const { ends } = onward.get(port) ?? {}
      if (!ends) throw new Error(`no connection from port ${port}`)
      for (const end of ends) {
        end.unpipe()
        end.removeAllListeners('end')
        // The end of one side is not passed to the other.
        end.on('data', () => undefined)
      }
    }
  }
}
