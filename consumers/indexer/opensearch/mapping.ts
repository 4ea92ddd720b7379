import type { DataValue } from '../documents.ts'
import type { SearchLanguage } from '../words/index.ts'
import type { IndexSettings } from './options.ts'

/** Lucene's analyzers have the names that Postgres gives its languages; without stems it is the standard one. */
const analyzerOf = (language: SearchLanguage): string => (language === 'simple' ? 'standard' : language)

/** Longest value of `data` that searches can be narrowed to, letters: a term of Lucene has at most 32,766 bytes. */
const mostTermLetters = 8_000

/** What a document of an index consists of. Fields that are not here are kept and not searched. */
export function mappingsOf(language: SearchLanguage): object {
  const text = { type: 'text', analyzer: analyzerOf(language) }
  return {
    dynamic: false,
    properties: {
      id: { type: 'keyword' },
      // All texts and the title, in which words are looked for.
      all: text,
      title: { ...text, copy_to: 'all' },
      text: { ...text, copy_to: 'all' },
      // Those that count more; they are in `text` as well.
      text_a: text,
      text_b: text,
      text_c: text,
      // Kept as it is; what it can be narrowed to is in `terms`.
      data: { type: 'object', enabled: false },
      terms: { type: 'keyword', ignore_above: mostTermLetters },
      deleted: { type: 'boolean' },
      // ms since 1970; of ends of documents alone.
      deleted_at: { type: 'long' },
      event_name: { type: 'keyword' },
      event_id: { type: 'keyword', index: false },
      occurred_at: { type: 'long' },
      slot: { type: 'integer', index: false }
    }
  }
}

export function settingsOf({ shards = 1, replicas = 1, refreshMs = 1_000 }: IndexSettings): object {
  return { number_of_shards: shards, number_of_replicas: replicas, refresh_interval: `${refreshMs}ms` }
}

/** A name and a value of `data` as one term: a text and a number that look alike are two. */
export const termOf = (name: string, value: DataValue): string => `${name}=${JSON.stringify(value)}`
