import { checkOptions, rule } from '../../../core/index.ts'
import { searchLanguages } from '../../settings/index.ts'

export { searchLanguages }
export type SearchLanguage = (typeof searchLanguages)[number]

export const languageRule = rule.oneOf(...searchLanguages)

/** The language, checked. @throws OptionsError */
export function checkLanguage(language: SearchLanguage = 'english'): SearchLanguage {
  checkOptions({ language }, { language: languageRule })
  return language
}
