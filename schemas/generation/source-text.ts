import { printable } from '../../core/index.ts'

// What an editor or a reviewer does not see as it is: controls, and marks that turn the direction of text.
const unseen = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g
const escaped = (letter: string): string => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`

/** JSON as the inside of a template: nothing in it ends the template or begins an expression. */
export const templateText = (json: string): string =>
  json.replace(unseen, escaped).replaceAll('\\', '\\\\').replaceAll('`', '\\`').replaceAll('${', '\\${')

/** A text as a literal in single quotes. */
export const quoted = (text: string): string =>
  `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'").replace(unseen, escaped)}'`

/** A comment of one line, whatever the text holds. */
export function comment(text: string | undefined, indent = ''): string {
  if (!text) return ''
  const line = text
    .split(/\r\n|[\n\r\u2028\u2029]/)
    .map(part => part.trim())
    .join(' ')
    .trim()
    // A comment that begins like this speaks to the compiler.
    .replace(/^@ts-/, '\\@ts-')
    .replaceAll('*/', '* /')
  return `${indent}/** ${printable(line)} */\n`
}
