import { createServer } from 'node:http'
import { connect } from 'node:net'
import { afterAll, expect, it } from 'vitest'
import { runCli } from '../../support/processes/cli.ts'
import { certificateAuthority } from '../../support/schemas/certificates.ts'
import { secureFront } from '../../support/schemas/secure-front.ts'
import { testEnvironment } from '../../support/stack.ts'

const environment = await testEnvironment()
const authority = await certificateAuthority()

/** A proxy of HTTP that tunnels (CONNECT), and notes where to. */
async function tunnel() {
  const asked: string[] = []
  const server = createServer((_, response) => response.writeHead(405).end())
  server.on('connect', (request, socket, head) => {
    asked.push(request.url ?? '')
    const [host, port] = (request.url ?? '').split(':')
    const there = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      there.write(head)
      there.pipe(socket).pipe(there)
    })
    for (const each of [socket, there]) each.on('error', () => [socket, there].forEach(end => void end.destroy()))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  afterAll(
    () =>
      new Promise<void>(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      })
  )
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, asked }
}

it('a registry is reached by a proxy where Node is set to use one, with its own certificate', async () => {
  const front = await secureFront(environment.registryUrl, { certificate: await authority.issue() })
  const proxy = await tunnel()
  const env = {
    ...environment.env,
    SCHEMA_REGISTRY_URL: front.url,
    SCHEMA_REGISTRY_SSL_CA_LOCATION: authority.caFile,
    HTTPS_PROXY: proxy.url
  }
  const check = ['schemas', 'check', '--example', '--against-registry']
  expect((await runCli(check, env)).code).toBe(0)
  expect(proxy.asked).toEqual([])
  expect((await runCli(check, { ...env, NODE_USE_ENV_PROXY: '1' })).code).toBe(0)
  expect(new Set(proxy.asked)).toEqual(new Set([`localhost:${front.port}`]))
  expect(front.asked().length).toBeGreaterThan(1)
})
