import type { EnvelopeOf, EventMap, EventName } from '../../schemas/index.ts'

/** A value that is kept with a document, and that searches can be narrowed to. */
export type DataValue = string | number | boolean | null

/** How much a hit in a text counts: A most (1.0), then B (0.4), C (0.2) and D (0.1), as in Postgres. */
export type TextWeight = 'A' | 'B' | 'C' | 'D'

/** A text of a document that counts more or less than its others. */
export interface WeightedText {
  readonly text: string
  /** Default D. */
  readonly weight?: TextWeight
}

/** What a search can find. */
export interface SearchDocument {
  /** Unique among all documents of an index, 1 to 512 bytes: a document replaces the older one of its id. */
  readonly id: string
  /** Shown with a hit, and searched with the weight A. Default: none. */
  readonly title?: string
  /** What it is found by, in the language of the index; a hit shows the part with the words. */
  readonly text: string | readonly WeightedText[]
  /** Kept with the document and returned with a hit. Searches can be narrowed to values of it. Not searched for words. */
  readonly data?: Readonly<Record<string, DataValue>>
}

/** Takes the document of an id out of the index. An older event does not bring it back. */
export interface SearchDeletion {
  readonly id: string
  readonly deleted: true
}

/**
 * The document of an event, or that of which it is the end; undefined for an event that needs none. Called again when
 * an event comes again.
 */
export type DocumentOf<Events extends EventMap, Name extends EventName<Events>> = (
  envelope: EnvelopeOf<Events, Name>
) => SearchDocument | SearchDeletion | undefined

/** Event name → its document. Only these events are read. */
export type Documents<Events extends EventMap> = {
  readonly [Name in EventName<Events>]?: DocumentOf<Events, Name>
}
