/** A part of a text that is shown with a hit. */
export interface HighlightPart {
  readonly text: string
  /** Whether it is what was searched for. */
  readonly match: boolean
}

/** What the servers put around the words: characters of Unicode's private use, which no text has for a meaning. */
export const marks = { start: '\uE000', stop: '\uE001' } as const

/** The parts of a text with {@link marks}. */
export function highlightParts(marked: string): HighlightPart[] {
  const parts: HighlightPart[] = []
  let match = false
  for (const piece of marked.split(/([\uE000\uE001])/)) {
    if (piece === marks.start || piece === marks.stop) match = piece === marks.start
    else if (piece !== '') parts.push({ text: piece, match })
  }
  return parts
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;'
}

/** The parts as HTML: the text escaped, the words in `<mark>`. */
export function highlightHtml(parts: readonly HighlightPart[]): string {
  const escaped = (text: string): string => text.replace(/[&<>"']/g, letter => entities[letter] ?? letter)
  return parts.map(({ text, match }) => (match ? `<mark>${escaped(text)}</mark>` : escaped(text))).join('')
}
