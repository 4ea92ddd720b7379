import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'

/** A receiver of webhooks that counts. */
export interface Hook {
  /** `http://127.0.0.1:port` */
  readonly url: string
  /** Webhooks that were taken: those that an independent library finds signed. */
  readonly webhooks: number
  /** Different ids among them: fewer when one came twice. */
  readonly distinct: number
  /** The secret that it verifies with; until there is one, it refuses all. */
  trust(secret: string): void
  close(): Promise<void>
}

/** Listens on a free port of 127.0.0.1; nothing of a webhook is kept but its id. */
export async function openHook(): Promise<Hook> {
  const seen = new Set<string>()
  let webhooks = 0
  let verifier: Webhook | undefined
  const take = async (request: IncomingMessage): Promise<number> => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    try {
      if (verifier === undefined) return 503
      verifier.verify(Buffer.concat(chunks).toString(), request.headers as Record<string, string>)
    } catch {
      return 401
    }
    webhooks += 1
    seen.add(String(request.headers['webhook-id']))
    return 204
  }
  const server = createServer((request, response) => {
    take(request).then(
      status => response.writeHead(status).end(),
      // A notifier that is killed in the middle of a webhook.
      () => response.destroy()
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get webhooks() {
      return webhooks
    },
    get distinct() {
      return seen.size
    },
    trust(secret) {
      verifier = new Webhook(secret)
    },
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    }
  }
}
