/** Letters of a value in a mail; what is longer ends with `…`. */
const mostLetters = 1_000

/** What comes from outside cannot begin a line or a header: one line, no control characters. */
export const oneLine = (text: string): string => text.replace(/[\p{Cc}\s]+/gu, ' ').trim()

/** At most so many letters, none of them torn apart. */
export function cut(text: string, most = mostLetters): string {
  if (text.length <= most) return text
  const letters = [...text.slice(0, 2 * most + 2)]
  return letters.length <= most ? text : `${letters.slice(0, most - 1).join('')}…`
}

/** Letters without a width, after which no mail program takes what follows for a part of an address. */
const noLink = '\u200b'

/** Where an address shows: the dots of a domain (also those of other scripts), `https:`, `//`, `@`. */
const links = /[.\u3002\uff0e\uff61](?=[\p{L}\p{N}-]*\p{L})|(?<=\p{L}):(?=\S)|\/(?=\/)|(?<=\S)@(?=\S)/gu

/** Letters that turn the direction of what follows them. */
const turns = /[\u202a-\u202e\u2066-\u2069]/g

/**
 * A value that someone else has chosen, for the text of a mail: one line, at most 1,000 letters, and no link. Mail programs
 * make links of what looks like a web or mail address, so a name such as `win.example` would be one in a mail from you: it
 * gets letters without a width (U+200B) that people do not see.
 * @param most letters; what is longer ends with `…`
 */
export function mailValue(text: string, most = mostLetters): string {
  const line = cut(oneLine(text.replace(turns, '')), most)
  return line.replace(links, sign => (sign === '@' ? `${noLink}@${noLink}` : sign + noLink))
}
