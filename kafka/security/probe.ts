import { connect, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import type { PortFacts } from './faults.ts'

const timeoutMs = 2_000
const mostBytes = 64 * 1024
// Keys of the protocol and the versions that every broker has.
const saslHandshake = 17
const apiVersions = 18
const illegalSaslState = 34

/**
 * Asks a port what it speaks: first Kafka's protocol in plaintext, then in TLS. No secret is sent. Only asked after a
 * broker cut a connection off without saying why.
 * @param tls options of TLS, without which the default of Node.js is used
 * @param mechanism a name of a mechanism, which need not be one that the broker has
 * @returns undefined where the port answers neither way
 */
export async function probePort(
  address: { readonly host: string; readonly port: number },
  tls: ConnectionOptions,
  mechanism = 'PLAIN'
): Promise<PortFacts | undefined> {
  const plain = await talk(connect(address), 'connect', mechanism)
  if (plain !== undefined) return { speaksTls: false, ...plain }
  // Not to be trusted, only to be recognised: whether it is trusted is what the connection itself finds out.
  const socket = connectTls({ ...tls, ...address, rejectUnauthorized: false })
  let speaksTls = false
  socket.once('secureConnect', () => {
    speaksTls = true
  })
  const secure = await talk(socket, 'secureConnect', mechanism)
  if (secure !== undefined) return { speaksTls: true, ...secure }
  return speaksTls ? { speaksTls, mechanisms: undefined } : undefined
}

/** What a port says to a Kafka client; undefined where it says nothing that one understands. */
async function talk(
  socket: Socket,
  ready: 'connect' | 'secureConnect',
  mechanism: string
): Promise<Pick<PortFacts, 'mechanisms'> | undefined> {
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error('no answer')))
  const answers = new Answers(socket)
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once(ready, () => resolve())
      socket.once('error', reject)
      socket.once('close', () => reject(new Error('closed')))
    })
    socket.write(request(apiVersions, 0, 1, Buffer.alloc(0)))
    await answers.next(1)
    socket.write(request(saslHandshake, 1, 2, text(mechanism)))
    return { mechanisms: mechanismsIn(await answers.next(2)) }
  } catch {
    return undefined
  } finally {
    socket.destroy()
  }
}

/** An error code, then a list of texts. @returns undefined where the port takes no login */
export function mechanismsIn(answer: Buffer): readonly string[] | undefined {
  if (answer.readInt16BE(0) === illegalSaslState) return undefined
  const names: string[] = []
  const count = answer.readInt32BE(2)
  for (let index = 0, at = 6; index < count; index += 1) {
    const length = answer.readInt16BE(at)
    names.push(answer.toString('utf8', at + 2, at + 2 + length))
    at += 2 + length
  }
  return names
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  const length = Buffer.alloc(2)
  length.writeInt16BE(bytes.length)
  return Buffer.concat([length, bytes])
}

function request(api: number, version: number, correlation: number, body: Buffer): Buffer {
  const head = Buffer.alloc(12)
  const client = text('eventtrail')
  head.writeInt32BE(8 + client.length + body.length, 0)
  head.writeInt16BE(api, 4)
  head.writeInt16BE(version, 6)
  head.writeInt32BE(correlation, 8)
  return Buffer.concat([head, client, body])
}

/** The answers that come over a connection, one after the other. */
class Answers {
  readonly #socket: Socket
  #bytes = Buffer.alloc(0)
  #ended: Error | undefined
  #wake: () => void = () => undefined

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', chunk => {
      this.#bytes = Buffer.concat([this.#bytes, chunk])
      if (this.#bytes.length > mostBytes) socket.destroy(new Error('too much'))
      this.#wake()
    })
    const end = (error?: unknown) => {
      this.#ended ??= error instanceof Error ? error : new Error('closed')
      this.#wake()
    }
    socket.on('error', end)
    socket.on('close', () => end())
  }

  /** What follows the number of a request. @throws Error where the connection ends, or what comes is no answer to it */
  async next(correlation: number): Promise<Buffer> {
    for (;;) {
      const length = this.#bytes.length >= 4 ? this.#bytes.readInt32BE(0) : undefined
      if (length !== undefined && (length < 4 || length > mostBytes)) throw new Error('no answer of a broker')
      if (length !== undefined && this.#bytes.length >= 4 + length) {
        const answer = this.#bytes.subarray(4, 4 + length)
        this.#bytes = this.#bytes.subarray(4 + length)
        if (answer.readInt32BE(0) !== correlation) throw new Error('an answer to another request')
        return answer.subarray(4)
      }
      if (this.#ended) throw this.#ended
      if (this.#socket.destroyed) throw new Error('closed')
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }
}
