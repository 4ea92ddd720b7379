import type { DataValue, SearchDocument, TextWeight } from './documents.ts'
import { SearchError } from './errors.ts'
import type { DocumentOrigin, IndexedChange } from './search-index.ts'

const mostIdBytes = 512

/** Whether one event of a document is later than another. Equal for the same event. */
export function isLater(one: DocumentOrigin, other: DocumentOrigin): boolean {
  if (one.occurred_at !== other.occurred_at) return one.occurred_at > other.occurred_at
  return one.event_id > other.event_id
}

/** One change per id, the latest; and for each place in the list why it cannot be kept. */
export interface Sorted {
  readonly latest: readonly { readonly at: number; readonly change: IndexedChange }[]
  readonly faults: (Error | undefined)[]
}

/**
 * The part of a list of changes that is written: of several with one id the latest, by id, so that two that write the same
 * documents at once wait for each other in one order.
 */
export function sortChanges(changes: readonly IndexedChange[]): Sorted {
  const faults = changes.map(faultOf)
  const byId = new Map<string, { at: number; change: IndexedChange }>()
  for (const [at, change] of changes.entries()) {
    if (faults[at] !== undefined) continue
    const other = byId.get(change.id)
    if (other === undefined || isLater(change, other.change)) byId.set(change.id, { at, change })
  }
  const latest = [...byId.values()].sort((one, other) => (one.change.id < other.change.id ? -1 : 1))
  return { latest, faults }
}

function faultOf(change: IndexedChange): SearchError | undefined {
  const { id } = change
  if (typeof id !== 'string' || id === '') return invalid('it has no id')
  if (Buffer.byteLength(id) > mostIdBytes) return invalid(`its id has more than ${mostIdBytes} bytes`)
  if ('deleted' in change) return undefined
  const { title, text, data = {} } = change
  if (title !== undefined && typeof title !== 'string') return invalid('its title is no text')
  const texts: readonly unknown[] = typeof text === 'string' ? [text] : Array.isArray(text) ? text : [undefined]
  if (!texts.every(isText)) return invalid('its text is no text, and no list of { text, weight }')
  const wrong = Object.entries(data).find(([, value]) => !isDataValue(value))
  return wrong && invalid(`its data has a value that is no text, number, boolean or null`)
}

const invalid = (why: string): SearchError =>
  new SearchError('DOCUMENT_INVALID', `The document of an event cannot be kept: ${why}`)

const isText = (value: unknown): boolean =>
  typeof value === 'string' ||
  (typeof value === 'object' && value !== null && 'text' in value && typeof value.text === 'string')

const isDataValue = (value: unknown): value is DataValue =>
  value === null ||
  ['string', 'boolean'].includes(typeof value) ||
  (typeof value === 'number' && Number.isFinite(value))

/** The texts of a document by their weights, those of one weight with a line break between. */
export function textsByWeight({ text }: Pick<SearchDocument, 'text'>): Readonly<Record<TextWeight, string>> {
  const texts = typeof text === 'string' ? [{ text }] : text
  const of = (weight: TextWeight): string =>
    texts
      .filter(each => ('weight' in each ? each.weight : undefined) === weight || (weight === 'D' && !hasWeight(each)))
      .map(({ text }) => text)
      .join('\n')
  return { A: of('A'), B: of('B'), C: of('C'), D: of('D') }
}

const hasWeight = (each: object): boolean => 'weight' in each && each.weight !== undefined

/** All texts as one, those of the greatest weight first. */
export const wholeText = ({ A, B, C, D }: Readonly<Record<TextWeight, string>>): string =>
  [A, B, C, D].filter(text => text !== '').join('\n')
