import { bytesOfUnscaled, unscaledOf } from '../decimal.ts'
import type { SchemaNode } from '../model.ts'
import { compileUnwrap } from './union.ts'

/** Writes a value after what the output holds. @throws TypeError when it is no value of the type */
export type Write = (value: unknown, out: Output) => void

/** Bytes that grow. */
export class Output {
  #bytes = Buffer.allocUnsafeSlow(firstSize)
  #at = 0

  /** A copy of what was written; the output is empty then. */
  taken(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#at))
    this.reset()
    return taken
  }

  /** Forgets what was written, and the room that an uncommonly large value needed. */
  reset(): void {
    this.#at = 0
    if (this.#bytes.length > keptSize) this.#bytes = Buffer.allocUnsafeSlow(firstSize)
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#at++] = value
  }

  /** A whole number of up to 53 bits as a zigzag varint. */
  small(value: number): void {
    this.#reserve(10)
    let rest = value < 0 ? -2 * value - 1 : 2 * value
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#bytes[this.#at++] = (rest % 128) | 0x80
    this.#bytes[this.#at++] = rest
  }

  long(value: bigint): void {
    if (value > -exactInNumber && value < exactInNumber) {
      this.small(Number(value))
      return
    }
    this.#reserve(10)
    let rest = value < 0n ? -2n * value - 1n : 2n * value
    for (; rest >= 128n; rest >>= 7n) this.#bytes[this.#at++] = Number(rest & 0x7fn) | 0x80
    this.#bytes[this.#at++] = Number(rest)
  }

  float(value: number): void {
    this.#reserve(4)
    this.#at = this.#bytes.writeFloatLE(value, this.#at)
  }

  double(value: number): void {
    this.#reserve(8)
    this.#at = this.#bytes.writeDoubleLE(value, this.#at)
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  text(value: string): void {
    const length = Buffer.byteLength(value)
    this.small(length)
    this.#reserve(length)
    this.#at += this.#bytes.write(value, this.#at, length, 'utf8')
  }

  #reserve(length: number): void {
    const needed = this.#at + length
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, needed))
    this.#bytes.copy(larger, 0, 0, this.#at)
    this.#bytes = larger
  }
}

const firstSize = 4 * 1024
const keptSize = 1024 * 1024
const exactInNumber = 2n ** 52n

/** Makes the function that writes values of a type. */
export function compileWriter(node: SchemaNode): Write {
  return compile(node, new Map())
}

function compile(node: SchemaNode, known: Map<SchemaNode, Write>): Write {
  const found = known.get(node)
  if (found) return found
  // A type that holds itself meets itself before its writer is made.
  let ready: Write | undefined
  known.set(node, (value, out) => (ready as Write)(value, out))
  ready = make(node, known)
  known.set(node, ready)
  return ready
}

// It names no value: the completer has reported field and reason to the publisher before.
function refuse(node: SchemaNode): never {
  throw new TypeError(`a value is no ${node.kind}`)
}

function make(node: SchemaNode, known: Map<SchemaNode, Write>): Write {
  if ('logical' in node && node.logical?.name === 'decimal') return decimal(node)
  switch (node.kind) {
    case 'null':
      return value => (value === null ? undefined : refuse(node))
    case 'boolean':
      return (value, out) => (typeof value === 'boolean' ? out.byte(value ? 1 : 0) : refuse(node))
    case 'int':
      return (value, out) => (value === ((value as number) | 0) ? out.small(value as number) : refuse(node))
    case 'long':
      return (value, out) =>
        typeof value === 'bigint' && BigInt.asIntN(64, value) === value ? out.long(value) : refuse(node)
    case 'float':
      return (value, out) => (typeof value === 'number' ? out.float(value) : refuse(node))
    case 'double':
      return (value, out) => (typeof value === 'number' ? out.double(value) : refuse(node))
    case 'string':
      return (value, out) => (typeof value === 'string' ? out.text(value) : refuse(node))
    case 'bytes':
      return (value, out) => {
        if (!(value instanceof Uint8Array)) return refuse(node)
        out.small(value.length)
        out.raw(value)
      }
    case 'fixed':
      return (value, out) => (value instanceof Uint8Array && value.length === node.size ? out.raw(value) : refuse(node))
    case 'enum': {
      const indices = new Map<unknown, number>(node.symbols.map((symbol, index) => [symbol, index]))
      return (value, out) => out.small(indices.get(value) ?? refuse(node))
    }
    case 'array': {
      const item = compile(node.items, known)
      return (value, out) => {
        if (!Array.isArray(value)) return refuse(node)
        if (value.length > 0) out.small(value.length)
        for (const each of value) item(each, out)
        out.byte(0)
      }
    }
    case 'map': {
      const item = compile(node.values, known)
      return (value, out) => {
        const entries = Object.entries(asObject(value) ?? refuse(node))
        if (entries.length > 0) out.small(entries.length)
        for (const [key, each] of entries) {
          out.text(key)
          item(each, out)
        }
        out.byte(0)
      }
    }
    case 'union': {
      const unwrap = compileUnwrap(node)
      const branches = node.branches.map(branch => compile(branch, known))
      return (value, out) => {
        const { index, inner } = unwrap(value)
        const branch = branches[index] ?? refuse(node)
        out.small(index)
        branch(inner, out)
      }
    }
    case 'record': {
      const fields = node.fields.map(({ name, type }) => ({ name, write: compile(type, known) }))
      return (value, out) => {
        const record = asObject(value) ?? refuse(node)
        for (const { name, write } of fields) write(record[name], out)
      }
    }
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  const isOne = typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  return isOne ? (value as Readonly<Record<string, unknown>>) : undefined
}

function decimal(node: Extract<SchemaNode, { readonly kind: 'bytes' | 'fixed' }> | SchemaNode): Write {
  const { precision = 0, scale = 0 } = ('logical' in node && node.logical) || {}
  const size = node.kind === 'fixed' ? node.size : undefined
  return (value, out) => {
    const unscaled = typeof value === 'string' ? unscaledOf(value, precision, scale) : undefined
    if (unscaled === undefined) return refuse(node)
    const bytes = bytesOfUnscaled(unscaled, size)
    if (size === undefined) out.small(bytes.length)
    out.raw(bytes)
  }
}
