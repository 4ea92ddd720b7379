import { createServer } from 'node:http'
import { onTestFinished } from 'vitest'

/** A server with one answer, that remembers the logins; until the test ends. */
export async function fakeServer(answer: { status: number; body?: object }) {
  const seen: (string | undefined)[] = []
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization)
    request.resume().on('end', () => {
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body ?? {}))
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as { port: number }
  return { answer, seen, url: `http://127.0.0.1:${port}` }
}
