import type { EnvelopeOf, EventMap, EventName } from '../../schemas/index.ts'

/** What a search can find. */
export interface SearchDocument {
  /** Unique among all documents of an index: a document replaces the older one of its id. */
  readonly id: string
  /** What it is found by, in English; its beginning is shown with a hit. */
  readonly text: string
  /** Kept with the document and returned with a hit. Not searched. */
  readonly data?: Readonly<Record<string, string | number | boolean | null>>
}

/** The document of an event; undefined for an event that needs none. Called again when an event comes again. */
export type DocumentOf<Events extends EventMap, Name extends EventName<Events>> = (
  envelope: EnvelopeOf<Events, Name>
) => SearchDocument | undefined

/** Event name → its document. Only these events are read. */
export type Documents<Events extends EventMap> = {
  readonly [Name in EventName<Events>]?: DocumentOf<Events, Name>
}
