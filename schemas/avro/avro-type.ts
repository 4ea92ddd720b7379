import { Cursor, compileReader, compileWriter, MalformedAvro, Output, type Read, type Write } from './codec/index.ts'
import type { SchemaNode } from './model.ts'
import { parseSchema } from './parse.ts'
import type { AvroSchema } from './schema.ts'
import { parseWriterSchema } from './writer-schema.ts'

/** Reads the value in `bytes` from `start` on; `end` is where it ends. @throws MalformedAvro */
export type Decode = (bytes: Buffer, start?: number) => { readonly value: unknown; readonly end: number }

/**
 * The codec of a schema. What a value is in JavaScript:
 *
 * - `int`, `float`, `double`: number; a decoded float is the shortest decimal of its float32 (87.3).
 * - `long`, and every logical type on it: bigint, exact; in microseconds etc. as the schema says.
 * - `string` and `uuid`: string; bytes that are not UTF-8 are refused, not replaced.
 * - `bytes`, `fixed`: Buffer. `decimal` on them: decimal text with all digits of its scale.
 * - `date`, `time-millis`: the number that Avro holds. Unknown logical types count as their base type.
 * - `record`, `map`: plain objects, whatever their fields and keys are called.
 * - union: the plain value; where two branches would look the same, `{ "<branch>": value }`.
 */
export class AvroType {
  readonly node: SchemaNode
  #write: Write | undefined
  #decode: Decode | undefined

  constructor(node: SchemaNode) {
    this.node = node
  }

  /** @throws TypeError when it is no value of the type; nothing is checked beyond what its bytes depend on */
  toBuffer(value: unknown): Buffer {
    this.#write ??= compileWriter(this.node)
    try {
      this.#write(value, output)
      return output.taken()
    } finally {
      output.reset()
    }
  }

  /** Reads a value that takes all of the bytes. @throws MalformedAvro */
  fromBuffer(bytes: Buffer): unknown {
    const { value, end } = this.decode(bytes)
    if (end < bytes.length) throw new MalformedAvro(`${bytes.length - end} bytes follow its end`)
    return value
  }

  /** Reads the value in `bytes` from `start` on. @throws MalformedAvro */
  decode(bytes: Buffer, start = 0): ReturnType<Decode> {
    this.#decode ??= decodeWith(compileReader(this.node).read)
    return this.#decode(bytes, start)
  }

  /**
   * The function that reads what was written with another schema as if it had been written with this one.
   * @throws Unresolvable when the one cannot be read as the other at all
   */
  decoderOf(written: AvroType): Decode {
    return decodeWith(compileReader(written.node, this.node).read)
  }
}

const output = new Output()

function decodeWith(read: Read): Decode {
  const cursor = new Cursor()
  return (bytes, start = 0) => {
    cursor.set(bytes, start, bytes.length)
    // The payload is the first level, and is in an envelope.
    cursor.depth = -1
    return { value: read(cursor), end: cursor.at }
  }
}

/**
 * The codec of a schema that is ours: every rule of Avro holds.
 *
 * Makes a new one with each call: keep it.
 * @throws SchemaError `SCHEMA_INVALID`
 */
export function avroType(schema: AvroSchema): AvroType {
  return new AvroType(parseSchema(schema))
}

/**
 * The codec of a schema that something was written with, by whomever: all that its bytes can be read with is taken.
 * @throws SchemaError `SCHEMA_UNUSABLE`
 */
export function writerType(schema: AvroSchema): AvroType {
  return new AvroType(parseWriterSchema(schema))
}

/** What is wrong with the bytes in words, if it was they. */
export function malformed(error: unknown): string {
  return error instanceof MalformedAvro ? error.message : 'it is no Avro of the schema'
}
