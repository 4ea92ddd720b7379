import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import { afterAll } from 'vitest'
import type { Certificate } from './certificates.ts'
import type { Answering } from './registry-front.ts'

export interface SecureFrontOptions {
  /** Undefined: it speaks no TLS. */
  readonly certificate?: Pick<Certificate, 'certificate' | 'key'>
  /** Clients need a certificate of this CA (PEM). */
  readonly clientCa?: string
  /** Whether a value of the header `authorization` is let in. Default: all. */
  readonly isLogin?: (authorization: string | undefined) => boolean
}

/** A server with TLS and a login before the real registry, which has no TLS and sees the login too. */
export async function secureFront(target: string, options: SecureFrontOptions) {
  let answering: Answering = () => false
  let isLogin = options.isLogin ?? (() => true)
  let asked: string[] = []
  let refused = 0
  let connections = 0
  const serve: http.RequestListener = async (request, response) => {
    const { method = 'GET', url = '/' } = request
    asked.push(`${method} ${url}`)
    if (!isLogin(request.headers.authorization)) {
      refused += 1
      response.writeHead(401, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ error_code: 40101, message: 'Unauthorized' }))
      return
    }
    if (answering(request, response)) return
    const body = method === 'GET' ? undefined : await textOf(request)
    const { authorization } = request.headers
    const answer = await fetch(new URL(url, target), {
      method,
      headers: { 'content-type': 'application/json', ...(authorization !== undefined && { authorization }) },
      ...(body !== undefined && { body })
    })
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
  }
  const { certificate, clientCa } = options
  const tls = { cert: certificate?.certificate, key: certificate?.key }
  const server = certificate
    ? https.createServer({ ...tls, ...(clientCa && { ca: clientCa, requestCert: true }) }, serve)
    : http.createServer(serve)
  server.on(certificate ? 'secureConnection' : 'connection', () => {
    connections += 1
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
  const since = <T>(value: T, reset: () => void): T => {
    reset()
    return value
  }
  return {
    url: `${certificate ? 'https' : 'http'}://localhost:${port}${new URL(target).pathname}`,
    port,
    answer: (how: Answering) => {
      answering = how
    },
    login: (is: NonNullable<SecureFrontOptions['isLogin']>) => {
      isLogin = is
    },
    /** Shows another certificate from now on, and closes the connections that there are. */
    rotate: ({ certificate, key }: Certificate) => {
      ;(server as https.Server).setSecureContext({ cert: certificate, key })
      server.closeAllConnections()
    },
    closeConnections: () => server.closeAllConnections(),
    /** What was asked since the last call. */
    asked: () => since(asked, () => (asked = [])),
    /** Requests without the right login since the last call. */
    refused: () => since(refused, () => (refused = 0)),
    /** Connections since the last call. */
    connections: () => since(connections, () => (connections = 0))
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  return (await request.toArray()).map(String).join('')
}
