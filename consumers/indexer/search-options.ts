import { checkOptions, OptionsError, type Rules, rule } from '../../core/index.ts'
import type { SearchOptions } from './search-index.ts'

const isData = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.values(value).every(each => each === null || ['string', 'number', 'boolean'].includes(typeof each))

const rules: Rules<SearchOptions> = {
  limit: rule.wholeNumber(1, 1_000),
  after: rule.text,
  prefix: rule.yesOrNo,
  eventNames: rule.such(
    value => Array.isArray(value) && value.every(name => typeof name === 'string'),
    'a list of event names'
  ),
  data: rule.such(isData, 'an object of texts, numbers, booleans and nulls')
}

/** @throws OptionsError */
export function checkSearch(text: string, options: SearchOptions): void {
  if (typeof text !== 'string') throw new OptionsError('text', 'a text', text)
  checkOptions(options, rules)
}
