import { canonicalJson } from '../canonical-json.ts'
import { isKeyName, parseVkey, signatureTypes } from '../keys.ts'
import { hashBytes } from '../row.ts'

/** What a word of an entry can be: how it is checked and read. A word has no spaces but for `text`, which is the last of its line. */
interface WordType<Value> {
  /** The value, or undefined when the word is none of its type or is written in another way than the one. */
  readonly parse: (word: string) => Value | undefined
  readonly compose: (value: Value) => string
}

const asIs = (pattern: RegExp): WordType<string> => ({
  parse: word => (pattern.test(word) ? word : undefined),
  compose: (value: string) => value
})

const orNone = <Value>({ parse, compose }: WordType<Value>): WordType<Value | null> => ({
  parse: word => (word === '-' ? null : parse(word)),
  compose: value => (value === null ? '-' : compose(value))
})

const base64: WordType<string> = {
  parse: word => {
    const bytes = Buffer.from(word, 'base64')
    return bytes.length === hashBytes && bytes.toString('base64') === word ? word : undefined
  },
  compose: (value: string) => value
}

const count: WordType<number> = {
  parse: word => (/^(0|[1-9]\d{0,15})$/.test(word) && Number.isSafeInteger(Number(word)) ? Number(word) : undefined),
  compose: String
}

const instant = /^((?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})\d{3}Z$/

export const wordTypes = {
  /** A whole number of up to 53 bits, not negative. */
  count,
  /** 32 bytes in base64. */
  hash: base64,
  /** As `hash`, or `-` for null. */
  hashOrNone: orNone(base64),
  /** A topic, an event name, a code: visible ASCII. */
  name: asIs(/^[!-~]+$/),
  /** The name of a log: what a key may be called. */
  keyName: { parse: word => (isKeyName(word) ? word : undefined), compose: (value: string) => value },
  uuid: asIs(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
  /** 16 bytes in base64url: a UUID in bulk. */
  shortUuid: {
    parse: word =>
      /^[\w-]{22}$/.test(word) && Buffer.from(word, 'base64url').toString('base64url') === word ? word : undefined,
    compose: (value: string) => value
  },
  /** UTC to the microsecond. */
  time: {
    parse: word => {
      const [, millis] = instant.exec(word) ?? []
      return millis && new Date(`${millis}Z`).toJSON()?.slice(0, 23) === millis ? word : undefined
    },
    compose: (value: string) => value
  },
  month: asIs(/^(?!0000)\d{4}-(0[1-9]|1[0-2])$/),
  /** A JSON string without needless escapes. */
  text: {
    parse: word => {
      try {
        const value: unknown = JSON.parse(word)
        return typeof value === 'string' && canonicalJson(word) === word ? value : undefined
      } catch {
        return undefined
      }
    },
    compose: JSON.stringify
  },
  /** A key that signs entries or checkpoints: of ed25519. */
  vkey: {
    parse: word => {
      try {
        const { type, vkey } = parseVkey(word)
        return type === signatureTypes.ed25519 ? vkey : undefined
      } catch {
        return undefined
      }
    },
    compose: (value: string) => value
  },
  role: asIs(/^(sink|bus|operator|privacy|log)$/),
  resolution: asIs(/^(duplicate|discarded)$/),
  erasure: asIs(/^(refused|done)$/)
} as const satisfies Readonly<
  Record<string, WordType<never> | WordType<string> | WordType<number> | WordType<string | null>>
>

export type WordName = keyof typeof wordTypes
/** What a word of a type is in JavaScript. */
export type WordValue<Name extends WordName> = (typeof wordTypes)[Name] extends WordType<infer Value> ? Value : never
