import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export type Direction = 'toServer' | 'toClient'

/** Where a connection has to be cut. What is before the place still arrives, nothing after it does. */
export interface Cut {
  readonly direction: Direction
  /** Bytes of this direction that still pass, counted on each connection from its start. */
  readonly afterBytes?: number
  /** Bytes whose coming cuts the connection before any of them has passed, such as the answer to COMMIT. */
  readonly before?: Buffer
  /** Connections that are cut before the rule is used up. Default 1. */
  readonly times?: number
}

/** A rule of `cut`, to be watched. */
export interface CutRule {
  /** Connections that it has cut. */
  readonly done: number
  /** Takes it back. */
  cancel(): void
}

interface Rule extends Cut {
  done: number
  cancelled: boolean
}

/**
 * A TCP proxy on 127.0.0.1 that does what networks do: it delays, swallows, resets, and cuts in the middle.
 *
 * A connection: passing ⇄ swallowing (half-open: it stays up and nothing arrives) → cut or reset, or ended by a side.
 */
export class FaultProxy implements AsyncDisposable {
  readonly port: number
  /** ms that each piece is held back, in each direction. */
  latencyMs = 0
  /** True while new connections are reset at once, as by a server that is not there. */
  refusing = false
  /** Directions in which nothing passes; what comes meanwhile is lost, as on a network that fell silent. */
  readonly swallowing = new Set<Direction>()
  /** Port of the server on 127.0.0.1; may be set later than the proxy is started. */
  target: number | undefined
  readonly #server: Server
  readonly #links = new Set<Link>()
  readonly #rules = new Set<Rule>()
  readonly #counters = new Set<{ readonly direction: Direction; readonly bytes: Buffer; seen: number }>()

  private constructor(server: Server, target: number | undefined) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
    this.target = target
    server.on('connection', socket => this.#take(socket))
  }

  static async start(target?: number): Promise<FaultProxy> {
    const server = createServer({ noDelay: true })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new FaultProxy(server, target)
  }

  /** Connections that are up. */
  get connections(): number {
    return this.#links.size
  }

  /** Resets (RST) all that are up; new ones are taken. @returns how many. */
  reset(): number {
    const links = [...this.#links]
    for (const link of links) link.reset()
    return links.length
  }

  /** Cuts a connection at a chosen byte; also one that is up already. */
  cut(cut: Cut): CutRule {
    const rule: Rule = { ...cut, done: 0, cancelled: false }
    this.#rules.add(rule)
    return {
      get done() {
        return rule.done
      },
      cancel: () => void this.#rules.delete(rule)
    }
  }

  /** How often these bytes have come since, counted once a piece. */
  count(direction: Direction, bytes: Buffer): { readonly seen: number } {
    const counter = { direction, bytes, seen: 0 }
    this.#counters.add(counter)
    return counter
  }

  async close(): Promise<void> {
    this.reset()
    this.#server.close()
    await once(this.#server, 'close')
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #take(client: Socket): void {
    if (this.refusing || this.target === undefined) {
      client.on('error', () => undefined)
      client.resetAndDestroy()
      return
    }
    const server = connect({ host: '127.0.0.1', port: this.target, noDelay: true })
    const link = new Link(client, server, {
      latencyMs: () => this.latencyMs,
      swallows: direction => this.swallowing.has(direction),
      lookFor: (direction, seen) => this.#cutAt(direction, seen),
      onEnd: () => void this.#links.delete(link)
    })
    this.#links.add(link)
  }

  /** How much of a piece may pass before a rule cuts; undefined when none does. */
  #cutAt(direction: Direction, { piece, passed, tail }: Seen): number | undefined {
    for (const counter of this.#counters)
      if (
        counter.direction === direction &&
        placeOf({ direction, before: counter.bytes }, piece, passed, tail) !== undefined
      )
        counter.seen += 1
    for (const rule of this.#rules) {
      if (rule.direction !== direction) continue
      const at = placeOf(rule, piece, passed, tail)
      if (at === undefined) continue
      rule.done += 1
      if (rule.done >= (rule.times ?? 1)) this.#rules.delete(rule)
      return at
    }
    return undefined
  }
}

interface Seen {
  readonly piece: Buffer
  /** Bytes of this direction that have passed before it. */
  readonly passed: number
  /** The last of those bytes: what is looked for may have begun in them. */
  readonly tail: Buffer
}

function placeOf({ afterBytes, before }: Cut, piece: Buffer, passed: number, tail: Buffer): number | undefined {
  if (before) {
    const reach = tail.subarray(Math.max(0, tail.length - before.length + 1))
    const found = Buffer.concat([reach, piece]).indexOf(before)
    return found < 0 ? undefined : Math.max(0, found - reach.length)
  }
  if (afterBytes === undefined || passed + piece.length <= afterBytes) return undefined
  return Math.max(0, afterBytes - passed)
}

interface LinkRules {
  latencyMs(): number
  swallows(direction: Direction): boolean
  lookFor(direction: Direction, seen: Seen): number | undefined
  onEnd(): void
}

const tailBytes = 256
/** Bytes that may be held back in one direction before the sender has to wait. */
const heldBytes = 4 * 1024 * 1024

/** One connection through the proxy: both ends live and die together. */
class Link {
  readonly #client: Socket
  readonly #server: Socket
  readonly #rules: LinkRules
  #over = false

  constructor(client: Socket, server: Socket, rules: LinkRules) {
    this.#client = client
    this.#server = server
    this.#rules = rules
    this.#pass('toServer', client, server)
    this.#pass('toClient', server, client)
    for (const socket of [client, server]) {
      socket.on('error', () => this.reset())
      socket.on('close', () => this.#end())
    }
  }

  reset(): void {
    this.#client.resetAndDestroy()
    this.#server.resetAndDestroy()
    this.#end()
  }

  #end(): void {
    if (this.#over) return
    this.#over = true
    this.#rules.onEnd()
    this.#client.destroySoon()
    this.#server.destroySoon()
  }

  #pass(direction: Direction, from: Socket, to: Socket): void {
    let passed = 0
    let tail = Buffer.alloc(0)
    let held = 0
    const forward = (piece: Buffer): void => {
      const latency = this.#rules.latencyMs()
      if (latency <= 0 && held === 0) {
        if (!to.write(piece)) {
          from.pause()
          to.once('drain', () => from.resume())
        }
        return
      }
      held += piece.length
      if (held > heldBytes) from.pause()
      setTimeout(() => {
        held -= piece.length
        if (held <= heldBytes) from.resume()
        if (!to.destroyed) to.write(piece)
      }, latency)
    }
    from.on('data', (piece: Buffer) => {
      if (this.#over || this.#rules.swallows(direction)) return
      const at = this.#rules.lookFor(direction, { piece, passed, tail })
      if (at !== undefined) {
        to.write(piece.subarray(0, at), () => this.reset())
        this.#over = true
        from.pause()
        return
      }
      passed += piece.length
      tail = Buffer.concat([tail, piece.subarray(-tailBytes)]).subarray(-tailBytes)
      forward(piece)
    })
    from.on('end', () => {
      if (!this.#rules.swallows(direction)) setTimeout(() => to.end(), this.#rules.latencyMs())
    })
  }
}
