import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ConfigError, checkOptions, onlyOnce, type Rules, rule } from '../../core/index.ts'
import type { Health } from '../health.ts'

export interface StatusServerOptions {
  /** Port to listen on; 0: a free one. */
  readonly port: number
  /** Address to listen on. */
  readonly host: string
  readonly health: () => Health
  readonly metrics: () => Promise<{ readonly contentType: string; readonly body: string }>
}

const rules: Rules<StatusServerOptions> = {
  port: rule.required(rule.wholeNumber(0, 65_535)),
  host: rule.required(rule.such(value => typeof value === 'string' && value !== '', 'an address to listen on')),
  health: rule.required(rule.function('a function that returns a health, such as `() => sink.health()`')),
  metrics: rule.required(rule.function('a function that returns metrics, such as `() => meter.text()`'))
}

/** Answers `GET /livez`, `GET /readyz` and `GET /metrics`. */
export interface StatusServer extends AsyncDisposable {
  readonly host: string
  readonly port: number
  close(): Promise<void>
}

interface Answer {
  readonly status: number
  readonly body: string
  readonly contentType?: string
}

// Clients that reach the port must cost next to nothing.
const maxConnections = 64
const timeouts = {
  headersTimeout: 2_000,
  requestTimeout: 5_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000
}
/** ms for which an answer is repeated as it was. */
const keptMs = 1_000

/** Does the work when it is asked for, and gives what came of it to all that ask within `ms` of its start. */
function atMostOnceIn<T>(ms: number, work: () => Promise<T>): () => Promise<T> {
  let last: { readonly at: number; readonly result: Promise<T> } | undefined
  return () => {
    const now = performance.now()
    if (!last || now - last.at >= ms) last = { at: now, result: work() }
    return last.result
  }
}

/** @throws OptionsError; ConfigError `CONFIG_INVALID` when it cannot listen there */
export async function createStatusServer(options: StatusServerOptions): Promise<StatusServer> {
  checkOptions(options, rules)
  const { port, host, health, metrics } = options
  const figures = atMostOnceIn(keptMs, metrics)
  const pages: Readonly<Record<string, () => Promise<Answer> | Answer>> = {
    '/livez': () => verdict('alive', 'dead', health().dead),
    '/readyz': () => {
      const { notReady, dead } = health()
      return verdict('ready', 'not ready', [...dead, ...notReady])
    },
    '/metrics': async () => ({ status: 200, ...(await figures()) })
  }
  const answer = async ({ url = '', method }: IncomingMessage): Promise<Answer> => {
    const path = url.split('?', 1)[0] ?? ''
    const page = Object.hasOwn(pages, path) ? pages[path] : undefined
    if (!page) return json(404, { error: 'not found', paths: Object.keys(pages) })
    if (method !== 'GET' && method !== 'HEAD') return json(405, { error: 'only GET' })
    return page()
  }
  const server = createServer(timeouts, (request, response) => {
    void answer(request)
      // What went wrong is not for clients.
      .catch(() => json(500, { error: 'the health of the process could not be read' }))
      .then(given => send(given, request, response))
  })
  server.maxConnections = maxConnections
  // A client that asks and does not read the answer.
  server.setTimeout(10_000)
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (error) {
    throw cannotListen(error, host, port)
  }
  const close = onlyOnce(
    () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  )
  return { host, port: (server.address() as AddressInfo).port, close, [Symbol.asyncDispose]: close }
}

const json = (status: number, body: object): Answer => ({ status, body: `${JSON.stringify(body)}\n` })

function verdict(good: string, bad: string, reasons: readonly string[]): Answer {
  return reasons.length === 0 ? json(200, { status: good }) : json(503, { status: bad, reasons })
}

function send({ status, body, contentType }: Answer, request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(status, {
    'content-type': contentType ?? 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(status === 405 && { allow: 'GET, HEAD' })
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

function cannotListen(error: unknown, host: string, port: number): ConfigError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const why: Readonly<Record<string, string>> = {
    ERR_SOCKET_BAD_PORT: 'is no port: give one from 0 to 65535',
    EADDRINUSE: 'is in use: give another one, or 0 for a free one',
    EACCES: 'is not ours to open: give one from 1024 on',
    EADDRNOTAVAIL: 'cannot be opened: EVENTTRAIL_STATUS_HOST is no address of this machine',
    ENOTFOUND: 'cannot be opened: the name in EVENTTRAIL_STATUS_HOST is not known'
  }
  return new ConfigError(
    'CONFIG_INVALID',
    `--status-port or EVENTTRAIL_STATUS_PORT: port ${port} of ${host} ${why[code] ?? `cannot be opened (${code})`}`
  )
}
