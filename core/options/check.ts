import { unknownOption } from './misspelt.ts'
import { OptionsError } from './options-error.ts'
import type { Rule, Rules } from './rules.ts'

/**
 * Checks the options that were given: first their names, then their values, in the order of the rules. Options that are
 * undefined count as not given. Only at the top the names that all parts share are let pass.
 * @param within what comes before the names: `retry.`
 * @throws OptionsError
 */
export function checkOptions<Options extends object>(given: Options, rules: Rules<Options>, within = ''): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new OptionsError(within.slice(0, -1) || 'options', 'an object', given)
  const unknown = unknownOption(given, Object.keys(rules), within === '')
  if (unknown) throw new OptionsError(within + unknown.name, unknown.expected)
  for (const [name, { fault, isRequired, isSecret, inside }] of Object.entries<Rule>(rules)) {
    const value: unknown = (given as Readonly<Record<string, unknown>>)[name]
    if (value === undefined && !isRequired) continue
    const expected = fault(value)
    if (expected !== undefined) throw new OptionsError(within + name, expected, ...(isSecret ? [] : [value]))
    // An option may also be a plain value in place of the object.
    if (inside === undefined || typeof value !== 'object') continue
    const rules = typeof inside === 'function' ? inside(value as object) : inside
    checkOptions(value as object, rules, `${within}${name}.`)
  }
}

/**
 * Refuses options under names that they had before.
 * @param names the old ones, each with the name that the option has now
 * @throws OptionsError
 */
export function refuseOldNames(given: object, names: Readonly<Record<string, string>>): void {
  // What is no object is refused by the check that follows.
  if (typeof given !== 'object' || given === null) return
  for (const [old, name] of Object.entries(names))
    if (old in given) throw new OptionsError(old, `left out: the option is called \`${name}\``)
}

/** @throws OptionsError unless one option is at most, or less than, another */
export function checkOrder(
  [name, value]: readonly [name: string, value: number],
  [boundName, bound]: readonly [name: string, value: number],
  relation: 'at most' | 'less than' = 'at most'
): void {
  if (relation === 'at most' ? value <= bound : value < bound) return
  throw new OptionsError(name, `${relation} \`${boundName}\` (${bound})`, value)
}

/** The options without those that are undefined: callers without types pass them. */
export const givenOnly = <Options extends object>(options: Options): Options =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Options
