import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { afterAll } from 'vitest'

/** Answers a question itself (true), or leaves it to the real registry. */
export type Answering = (request: IncomingMessage, response: ServerResponse) => boolean

/** Passes questions on to the real registry, counts them, and answers some of them as a test wants it. */
export async function registryFront(target: string) {
  let answering: Answering = () => false
  let asked: string[] = []
  const { pathname } = new URL(target)
  const server = createServer(async (request, response) => {
    const { method = 'GET', url = '/' } = request
    asked.push(`${method} ${url}`)
    if (answering(request, response)) return
    const body = method === 'GET' ? undefined : await textOf(request)
    const answer = await fetch(new URL(url, target), {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body !== undefined && { body })
    })
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  afterAll(
    () =>
      new Promise<void>(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      })
  )
  return {
    url: `http://127.0.0.1:${port}${pathname}`,
    port,
    /** From now on. */
    answer: (how: Answering) => {
      answering = how
    },
    /** What was asked since the last call. */
    asked: () => {
      const since = asked
      asked = []
      return since
    }
  }
}

/** Answers with a status and a body: JSON, or a text as it is. */
export const says =
  (status: number, body: unknown, path = /./, headers: Readonly<Record<string, string>> = {}): Answering =>
  (request, response) => {
    if (!path.test(request.url ?? '')) return false
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text)
    return true
  }

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
