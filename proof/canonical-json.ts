import { plainNumber } from '../core/index.ts'
import { ProofError } from './errors.ts'

const noJson = (): ProofError => new ProofError('JSON_INVALID', 'the text is no JSON that has a canonical form')

/**
 * JSON in its canonical form, which is what `jsonb` prints: keys by the length of their UTF-8, then by its bytes, of
 * equal keys the last one; `", "` and `": "` as separators; the least escapes; numbers without exponents, with all
 * digits that were written.
 * @throws ProofError `JSON_INVALID` for what is no JSON, half surrogates, U+0000, numbers of more digits than a `numeric`,
 * and what nests more than 1,000 deep
 */
export function canonicalJson(text: string): string {
  try {
    const reader = new Reader(text)
    const canonical = reader.value()
    reader.end()
    return canonical
  } catch (error) {
    if (error instanceof ProofError) throw error
    // What JSON.parse says would quote the text.
    throw noJson()
  }
}

/** How deep `jsonb` nests depends on a setting of the server. */
const mostNested = 1_000

const space = /[ \t\n\r]*/y
// Its escapes and characters are checked when it is read.
const string = /"[^"\\]*(?:\\.[^"\\]*)*"/y
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const word = /true|false|null/y

/**
 * Reads JSON and writes it again. Not by `JSON.parse`: it loses digits, and that of Node.js 24 takes a key for another one
 * (decision 0077).
 */
class Reader {
  readonly #text: string
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
    this.#skipSpace()
  }

  value(): string {
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object()
      case '[':
        return this.#array()
      case '"':
        return quoted(this.#string())
      case 't':
      case 'f':
      case 'n':
        return this.#take(word)
      default:
        return plainNumber(this.#take(number))
    }
  }

  /** @throws ProofError where something follows */
  end(): void {
    if (this.#at < this.#text.length) throw noJson()
  }

  #array(): string {
    const items: string[] = []
    this.#list(']', () => items.push(this.value()))
    return `[${items.join(', ')}]`
  }

  #object(): string {
    const entries = new Map<string, string>()
    this.#list('}', () => {
      const key = this.#string()
      if (!this.#takes(':')) throw noJson()
      entries.set(key, this.value())
    })
    const sorted = [...entries]
      .map(([key, json]) => ({ bytes: Buffer.from(key), text: `${quoted(key)}: ${json}` }))
      .sort((one, other) => one.bytes.length - other.bytes.length || one.bytes.compare(other.bytes))
    return `{${sorted.map(({ text }) => text).join(', ')}}`
  }

  #list(end: string, item: () => void): void {
    this.#depth += 1
    if (this.#depth > mostNested) throw noJson()
    this.#at += 1
    this.#skipSpace()
    if (!this.#takes(end)) {
      do item()
      while (this.#takes(','))
      if (!this.#takes(end)) throw noJson()
    }
    this.#depth -= 1
  }

  #string(): string {
    return JSON.parse(this.#take(string)) as string
  }

  #takes(letter: string): boolean {
    if (this.#text[this.#at] !== letter) return false
    this.#at += 1
    this.#skipSpace()
    return true
  }

  #take(token: RegExp): string {
    token.lastIndex = this.#at
    const [found] = token.exec(this.#text) ?? []
    if (found === undefined) throw noJson()
    this.#at += found.length
    this.#skipSpace()
    return found
  }

  #skipSpace(): void {
    space.lastIndex = this.#at
    this.#at += space.exec(this.#text)?.[0].length ?? 0
  }
}

// JSON.stringify has the same escapes as jsonb, but for half surrogates, which are no characters, and U+0000, which
// jsonb refuses.
function quoted(text: string): string {
  if (!text.isWellFormed() || text.includes('\0')) throw noJson()
  return JSON.stringify(text)
}
