/** Words and phrases of which a document must have all, and what it must not have. */
export interface WordGroup {
  /** Words outside of quotes, with spaces between them; '' for none. */
  readonly words: string
  readonly phrases: readonly string[]
  /** Each a word or a phrase. */
  readonly without: readonly string[]
  /** The last word, where it may be the beginning of one; it is not among the others. */
  readonly prefix?: string
}

const token = /(-?)"([^"]*)(?:"|$)|(-?)([^\s"]+)/g
const letters = /[\p{L}\p{N}]/u
const prefixShape = /^(.*?)([\p{L}\p{N}]+)$/u

/**
 * What a search text asks for, by the rules of `websearch_to_tsquery` of Postgres: a document is found by any of the
 * groups. Never throws: whatever is typed is a search.
 * @param prefix whether the last word may be the beginning of one
 */
export function parseQueryText(text: string, prefix = false): WordGroup[] {
  const groups: { words: string[]; phrases: string[]; without: string[]; prefix?: string }[] = []
  let group: (typeof groups)[number] | undefined
  let last: 'word' | 'other' = 'other'
  const current = () => {
    group ??= { words: [], phrases: [], without: [] }
    if (!groups.includes(group)) groups.push(group)
    return group
  }
  for (const [, minusPhrase, phrase, minusWord, word] of text.matchAll(token)) {
    const what = phrase ?? word ?? ''
    if (word !== undefined && minusWord === '' && word.toLowerCase() === 'or') {
      group = undefined
      last = 'other'
    } else if (letters.test(what)) {
      const { words, phrases, without } = current()
      const into = minusPhrase || minusWord ? without : phrase === undefined ? words : phrases
      into.push(what)
      last = into === words ? 'word' : 'other'
    }
  }
  const lastGroup = groups.at(-1)
  if (prefix && last === 'word' && lastGroup && letters.test(text.at(-1) ?? '')) {
    const [, before = '', beginning = ''] = prefixShape.exec(lastGroup.words.pop() ?? '') ?? []
    if (before !== '') lastGroup.words.push(before)
    lastGroup.prefix = beginning
  }
  return groups.map(({ words, ...rest }) => ({ words: words.join(' '), ...rest }))
}

/** A group as text again, without its prefix. */
export function groupText({ words, phrases, without }: WordGroup): string {
  return [words, ...phrases.map(phrase => `"${phrase}"`), ...without.map(each => `-"${each}"`)]
    .filter(Boolean)
    .join(' ')
}
