import { ProofError } from '../errors.ts'
import { type EntryKind, grammar, type LineRule } from './grammar.ts'
import { meaningFault } from './meaning.ts'
import type { Entry } from './types.ts'
import { type WordName, wordTypes } from './words.ts'

/** Bytes of the text of an entry at most: with its signature its length in a bundle of the log has 16 bits. */
export const maxEntryTextBytes = 60_000

const invalid = (what: string): ProofError =>
  new ProofError('ENTRY_INVALID', `the entry does not follow the grammar: ${what}`)

type Values = Readonly<Record<string, unknown>>

const rulesOf = (kind: EntryKind): readonly (readonly [string, LineRule])[] => Object.entries(grammar[kind].lines)

const isKind = (text: string): text is EntryKind => Object.hasOwn(grammar, text)

/**
 * The text of an entry, which its writer then signs.
 * @throws ProofError `ENTRY_INVALID` for values that the grammar does not have, in a wrong order, or too many
 */
export function composeEntry(entry: Entry): string {
  const { kind, origin, writer, seq, previous } = entry
  const values = entry as unknown as Values
  const lines = [
    `eventtrail/${kind}@v1`,
    `origin ${origin}`,
    `writer ${writer} ${seq}`,
    `previous ${wordTypes.hashOrNone.compose(previous)}`
  ]
  for (const [name, rule] of rulesOf(kind)) {
    const value = values[name]
    for (const each of rule.times === 'once' ? [value] : (value as readonly unknown[]))
      lines.push(lineOf(name, rule, each))
  }
  const text = `${lines.join('\n')}\n`
  // What cannot be read again must not be signed.
  parseEntry(text)
  return text
}

function lineOf(name: string, { words }: LineRule, value: unknown): string {
  const composed = (type: WordName, each: unknown) => (wordTypes[type].compose as (value: unknown) => string)(each)
  if (typeof words === 'string') return `${name} ${composed(words, value)}`
  return `${name} ${Object.entries(words)
    .map(([field, type]) => composed(type, (value as Values)[field]))
    .join(' ')}`
}

/**
 * Reads the text of an entry, without its signature.
 * @throws ProofError `ENTRY_INVALID`, with the number of the line
 */
export function parseEntry(text: string): Entry {
  if (Buffer.byteLength(text) > maxEntryTextBytes) throw invalid(`it has more than ${maxEntryTextBytes} bytes`)
  if (!text.endsWith('\n')) throw invalid('it does not end with a line feed')
  const lines = new Lines(text.slice(0, -1).split('\n'))
  const [, kind = ''] = /^eventtrail\/([a-z]+)@v1$/.exec(lines.take()) ?? []
  if (!isKind(kind)) throw lines.fault()
  const head = {
    kind,
    origin: lines.read('origin', 'keyName'),
    ...(lines.read('writer', { writer: 'uuid', seq: 'count' }) as object),
    previous: lines.read('previous', 'hashOrNone')
  }
  const entry: Record<string, unknown> = { ...head }
  for (const [name, rule] of rulesOf(kind))
    entry[name] = rule.times === 'once' ? lines.read(name, rule.words) : all(lines, name, rule)
  if (!lines.atEnd) throw lines.next()
  const fault = meaningFault(entry as unknown as Entry)
  if (fault) throw invalid(fault)
  return entry as unknown as Entry
}

function all(lines: Lines, name: string, rule: LineRule): unknown[] {
  const found: unknown[] = []
  while (lines.isNext(name)) {
    const value = lines.read(name, rule.words)
    if (found.length > 0 && !isAscending(found.at(-1), value, rule)) throw lines.fault('is not in order')
    found.push(value)
  }
  if (found.length === 0 && rule.times === 'some') throw lines.next()
  return found
}

/** Whether a line comes after another one: numbers by their value, words by their bytes. */
function isAscending(one: unknown, other: unknown, { sortedBy = [] }: LineRule): boolean {
  if (typeof one === 'string') return compare(one, other as string) < 0
  for (const field of sortedBy) {
    const difference = compare((one as Values)[field] as Word, (other as Values)[field] as Word)
    if (difference !== 0) return difference < 0
  }
  return false
}

type Word = string | number

const compare = (one: Word, other: Word): number =>
  typeof one === 'number' ? one - (other as number) : Buffer.from(one).compare(Buffer.from(other as string))

/** The lines of an entry, one after the other. */
class Lines {
  readonly #lines: readonly string[]
  #at = 0

  constructor(lines: readonly string[]) {
    this.#lines = lines
  }

  get atEnd(): boolean {
    return this.#at === this.#lines.length
  }

  isNext(name: string): boolean {
    return this.#lines[this.#at]?.startsWith(`${name} `) ?? false
  }

  take(): string {
    this.#at += 1
    return this.#lines[this.#at - 1] ?? ''
  }

  read(name: string, words: LineRule['words']): unknown {
    if (!this.isNext(name)) throw this.next()
    const rest = this.take().slice(name.length + 1)
    if (typeof words === 'string') return this.#word(words, rest)
    const names = Object.entries(words)
    const parts = rest.split(' ')
    if (parts.length !== names.length) throw this.fault()
    return Object.fromEntries(names.map(([field, type], index) => [field, this.#word(type, parts[index] as string)]))
  }

  #word(type: WordName, word: string): unknown {
    const value = wordTypes[type].parse(word)
    if (value === undefined) throw this.fault()
    return value
  }

  /** What is wrong with the line that was taken last. */
  fault(what = 'has another form'): ProofError {
    return invalid(`line ${this.#at} ${what}`)
  }

  /** The next line is not the one that has to be there. */
  next(): ProofError {
    this.#at += 1
    return this.fault(this.#at > this.#lines.length ? 'is missing' : 'is another one than has to be there')
  }
}
