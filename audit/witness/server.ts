import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ConfigError, type Logger, machineClock, onlyOnce, safeError } from '../../core/index.ts'
import {
  composeNote,
  cosign,
  parseCheckpoint,
  parseNote,
  type Signer,
  signatureLine,
  type TreeHead,
  type Verifier
} from '../../proof/index.ts'
import type { TileStore } from '../store/index.ts'
import { judgeRequest, parseRequest } from './protocol.ts'

export interface WitnessOptions {
  /** The key of the witness, for cosignatures. */
  readonly signer: Signer
  /** The logs that it knows. */
  readonly logs: readonly Verifier[]
  /** Keeps the last checkpoint of each log, cosigned: a folder that only the witness writes to. */
  readonly store: TileStore
  readonly host: string
  /** 0: a free one. */
  readonly port: number
  readonly log: Logger
}

export interface WitnessServer extends AsyncDisposable {
  readonly host: string
  readonly port: number
  close(): Promise<void>
}

interface Answer {
  readonly status: number
  readonly text: string
  readonly type?: string
}

const mostBytes = 100_000
const timeouts = { headersTimeout: 5_000, requestTimeout: 10_000, keepAliveTimeout: 5_000 }

/**
 * A witness of logs (C2SP tlog-witness): it cosigns what continues the log that it has seen, and nothing else. What it
 * has seen is on disk before it answers.
 * @throws ConfigError `CONFIG_INVALID` when it cannot listen there
 */
export async function startWitness(options: WitnessOptions): Promise<WitnessServer> {
  const { host, port, log } = options
  let turn: Promise<unknown> = Promise.resolve()
  /** One after the other: two at once would be held against the same past. */
  const inTurn = (text: string): Promise<Answer> => {
    const answered = turn.then(() => addCheckpoint(options, text))
    turn = answered.catch(() => undefined)
    return answered
  }
  const server = createServer(timeouts, (request, response) => {
    void answer(request, inTurn)
      .catch(error => {
        log.error({ err: safeError(error) }, 'a checkpoint could not be cosigned')
        return { status: 500, text: 'the checkpoint could not be cosigned\n' }
      })
      .then(given => send(given, response))
  })
  server.maxConnections = 64
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (error) {
    throw new ConfigError(
      'CONFIG_INVALID',
      `--listen: port ${port} of ${host} cannot be opened (${(error as NodeJS.ErrnoException).code})`
    )
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

async function answer(request: IncomingMessage, add: (text: string) => Promise<Answer>): Promise<Answer> {
  if (request.url?.split('?', 1)[0] !== '/add-checkpoint') return { status: 404, text: 'expected /add-checkpoint\n' }
  if (request.method !== 'POST') return { status: 405, text: 'expected POST\n' }
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length
    if (bytes > mostBytes) return { status: 413, text: 'the request is too long\n' }
    chunks.push(chunk as Buffer)
  }
  return add(Buffer.concat(chunks).toString('utf8'))
}

function send({ status, text, type = 'text/plain; charset=utf-8' }: Answer, response: ServerResponse): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    ...(status === 413 && { connection: 'close' })
  })
  response.end(text)
}

async function addCheckpoint({ signer, logs, store, log }: WitnessOptions, text: string): Promise<Answer> {
  const seen = new Map<string, TreeHead>()
  for (const { name } of logs) {
    const kept = (await store.get(pathOf(name)))?.toString('utf8')
    if (kept !== undefined) seen.set(name, parseCheckpoint(parseNote(kept).text))
  }
  const verdict = judgeRequest(parseRequest(text), logs, origin => seen.get(origin))
  if (verdict.status === 409) {
    log.warn({ size: verdict.size }, 'a checkpoint was not cosigned: it does not begin where the last one ended')
    return { status: 409, text: `${verdict.size}\n`, type: 'text/x.tlog.size' }
  }
  if (verdict.status !== 200) {
    log.warn({ status: verdict.status, reason: verdict.words }, 'a checkpoint was not cosigned')
    return { status: verdict.status, text: `${verdict.words}\n` }
  }
  const { checkpoint, text: signed } = verdict
  const signature = cosign(signed, signer, Math.floor(machineClock.now() / 1_000))
  const request = parseRequest(text)
  const signatures = [...parseNote(request?.note ?? '').signatures, signature]
  await store.put(pathOf(checkpoint.origin), Buffer.from(composeNote({ text: signed, signatures })), { replace: true })
  log.info({ origin: checkpoint.origin, size: checkpoint.size }, 'checkpoint cosigned')
  return { status: 200, text: signatureLine(signature) }
}

/** Of the last checkpoint of a log. */
const pathOf = (origin: string): string => `${encodeURIComponent(origin)}.checkpoint`
