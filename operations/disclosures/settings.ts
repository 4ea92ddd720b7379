import { asOneOf, type Setting } from '../../core/index.ts'
import { basisNames } from './basis.ts'

const mostLetters = 500

function asWords(text: string): string {
  const words = text.trim()
  if (words === '' || words.length > mostLetters) throw new Error(`expected words, at most ${mostLetters} letters`)
  return words
}

/** What a command that shows content is given: an operator's shell may set it once. */
export const disclosureSettings = {
  disclosureParty: {
    env: 'DISCLOSURE_PARTY',
    flag: '--party <who>',
    help: 'who receives the content that is shown; recorded',
    parse: asWords
  },
  disclosurePurpose: {
    env: 'DISCLOSURE_PURPOSE',
    flag: '--purpose <why>',
    help: 'the legitimate interest in the content that is shown; recorded',
    parse: asWords
  },
  disclosureBasis: {
    env: 'DISCLOSURE_BASIS',
    flag: '--basis <word>',
    help: `why it may be shown: ${basisNames.join(', ')}; recorded`,
    initial: 'unstated',
    parse: asOneOf(basisNames)
  }
} as const satisfies Record<string, Setting<unknown>>
