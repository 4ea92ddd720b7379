import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { afterAll } from 'vitest'

/** A call that a receiver got. */
export interface Call {
  readonly path: string
  readonly id: string
  readonly body: { readonly type: string; readonly id: string; readonly data: Readonly<Record<string, unknown>> }
  /** Whether an independent library finds it signed with this secret. */
  signedWith(secret: string): boolean
}

/** A receiver of webhooks until the file's last test. What it answers is set by each test. */
export async function hooks() {
  const calls: Call[] = []
  const state = { calls, answer: (_call: Call, response: ServerResponse): unknown => response.writeHead(204).end() }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk))
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString()
      const headers = request.headers as Record<string, string>
      const call: Call = {
        path: request.url ?? '',
        id: headers['webhook-id'] ?? '',
        body: JSON.parse(text),
        signedWith(secret) {
          try {
            new Webhook(secret).verify(text, headers)
            return true
          } catch {
            return false
          }
        }
      }
      calls.push(call)
      state.answer(call, response)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })
  return Object.assign(state, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
}
