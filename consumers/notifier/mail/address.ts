/** A mail address and nothing else: no name, no list. */
export const addressShape = /^[^\s@<>(),;:"\\[\]]+@[^\s@<>(),;:"\\[\]]+$/

/** Whom a mail is from or to. */
export interface Mailbox {
  readonly name: string
  readonly address: string
}

/**
 * Reads a sender: an address, or a name and an address in angle brackets. The name is taken as it is, with or without
 * quotes around it: a parser of RFC 5322 would take `Shop: news <a@b>` for a group and drop what is in `(…)`.
 * @returns undefined where it is none
 */
export function mailboxOf(text: string): Mailbox | undefined {
  const [, given = '', inside] = /^([^<>\r\n]*)<([^<>]*)>$/.exec(text.trim()) ?? []
  const address = inside ?? text.trim()
  if (!addressShape.test(address)) return undefined
  const name = given.trim()
  const quoted = /^"((?:[^"\\]|\\.)*)"$/.exec(name)?.[1]
  return { name: quoted === undefined ? name : quoted.replace(/\\(.)/g, '$1'), address }
}
