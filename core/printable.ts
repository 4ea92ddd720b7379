// C0 and DEL, C1, marks that turn the direction of text, ends of lines, and halves of surrogate pairs.
const unprintable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

// The ends of lines in JSON that is indented are not text; within text JSON escapes them.
const unprintableInJson = new RegExp(unprintable.source.replace('[', '(?!\\n)['), 'gu')

/**
 * A text from elsewhere as one line that a terminal shows and does not obey: what is a control to it becomes
 * `\u{1b}`. What is printable stays as it is, so that doing it twice changes nothing.
 * @param maxLength letters that are kept; a longer text ends in `…`. Default: all.
 */
export function printable(text: string, maxLength = Number.POSITIVE_INFINITY): string {
  const kept = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text
  return kept.replace(unprintable, letter => `\\u{${(letter.codePointAt(0) as number).toString(16)}}`)
}

/** A line of a terminal: tabs, which commands put between fields, stay. */
export const printableLine = (line: string): string =>
  line
    .split('\t')
    .map(part => printable(part))
    .join('\t')

/** Most letters of a server's own words that are shown. */
export const mostServerText = 500

/** JSON text of which a terminal shows every letter. */
export const printableJsonText = (json: string): string =>
  json.replace(unprintableInJson, letter => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** A value as JSON of which a terminal shows every letter. */
export const printableJson = (value: unknown, indent?: number): string =>
  printableJsonText(JSON.stringify(value, null, indent))

/** Rows in columns as wide as their widest cell; the first row is the head. */
export function table(rows: readonly (readonly string[])[]): string[] {
  // As wide as they are shown.
  const cells = rows.map(row => row.map(cell => printable(cell)))
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map(row => row[column]?.length ?? 0)))
  return cells.map(row =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  )
}
