import { printable } from '../printable.ts'

// One object with these may be handed to every part of a process, whether the part has use for each of them or not.
const shared = ['connection', 'catalogue', 'topicPrefix', 'log', 'meter']
const mostEdits = 2
const shortest = 4

/**
 * The first name that is none of an option and looks like one that is misspelt, in words for an error. For callers
 * without types: passed over in silence, `topicPrefx` would have a producer publish to other topics. What looks like
 * no option is let pass: callers hand on objects that hold more than one part needs.
 * @param known names of the options that there are
 */
export function misspeltOption(
  given: object,
  known: readonly string[]
): { readonly name: string; readonly expected: string } | undefined {
  for (const name of Object.keys(given)) {
    if (known.includes(name) || shared.includes(name) || name.length < shortest || name.length > 80) continue
    const meant = [...known, ...shared].find(
      each => each.length >= shortest && edits(plain(name), plain(each)) <= mostEdits
    )
    if (meant === undefined) continue
    return { name: printable(name), expected: `left out: there is no option of this name, did you mean \`${meant}\`?` }
  }
  return undefined
}

const plain = (name: string): string => name.replaceAll(/[_-]/g, '').toLowerCase()

/** Letters to put in, take out or change until two names are the same (the Levenshtein distance). */
function edits(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (const [line, letter] of [...one].entries()) {
    const next = [line + 1]
    for (let at = 0; at < other.length; at += 1)
      next.push(Math.min((row[at] ?? 0) + Number(letter !== other[at]), (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1))
    row = next
  }
  return row.at(-1) ?? 0
}
