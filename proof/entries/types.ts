import type { EntryKind, grammar } from './grammar.ts'
import type { WordName, WordValue } from './words.ts'

type ValueOf<Words> = Words extends WordName
  ? WordValue<Words>
  : { readonly [Name in keyof Words]: Words[Name] extends WordName ? WordValue<Words[Name]> : never }

type LineValue<Rule> = Rule extends { readonly times: infer Times; readonly words: infer Words }
  ? Times extends 'once'
    ? ValueOf<Words>
    : readonly ValueOf<Words>[]
  : never

/** What every entry says of itself. */
export interface EntryHead {
  /** The name of the log. */
  readonly origin: string
  /** A session that writes entries: a UUID. */
  readonly writer: string
  /** The number of the entry among those of its writer, from 0. */
  readonly seq: number
  /** SHA-256 in base64 of the writer's entry before, with its signature; null for its first. */
  readonly previous: string | null
}

/** An entry of a kind: its head, and the values of its lines by their names. */
export type EntryOf<Kind extends EntryKind> = EntryHead & { readonly kind: Kind } & {
  readonly [Line in keyof (typeof grammar)[Kind]['lines']]: LineValue<(typeof grammar)[Kind]['lines'][Line]>
}

export type Entry = { [Kind in EntryKind]: EntryOf<Kind> }[EntryKind]

/** A stretch of offsets, as an entry `batch` has it. */
export type Stretch = EntryOf<'batch'>['stretch'][number]
