import { isObject } from '../../core/index.ts'
import type { Catalogue, EventVersion } from '../../schemas/index.ts'
import { compileText, type PlaceholderOptions, type TextTemplate } from './text-template.ts'

/** Names and places in a file, from the outside in: `documents`, `order.placed`, `text`, 1. */
export type RulePath = readonly (string | number)[]

/** A rule of a file is wrong; the message begins with where it is. */
export class RuleFault extends Error {
  readonly path: RulePath

  constructor(path: RulePath, message: string) {
    super(message)
    this.path = path
  }
}

/** Runs what reads a part of a file: its fault gets the place of the part. */
export function within<T>(path: RulePath, words: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    const inside = error instanceof RuleFault ? error.path : []
    throw new RuleFault([...path, ...inside], `${words}: ${(error as Error).message}`)
  }
}

/** A rule for each event. @throws RuleFault */
export function each<Rule>(
  rules: unknown,
  what: string,
  catalogue: Catalogue,
  compile: (rule: unknown, version: EventVersion) => Rule
): Record<string, Rule> {
  if (!isObject(rules) || Object.keys(rules).length === 0)
    throw new RuleFault([what], `${what}: expected an object with a rule for at least one event`)
  return Object.fromEntries(
    Object.entries(rules).map(([eventName, rule]) => [
      eventName,
      within([what, eventName], `${what}, ${eventName}`, () => compile(rule, catalogue.version(eventName)))
    ])
  )
}

/** Compiles a text with placeholders; its key is for the error. */
export const templates =
  (version: EventVersion, options: PlaceholderOptions = {}, compile = compileText) =>
  (key: string, text: unknown, path: RulePath = [key]): TextTemplate =>
    within(path, key, () => {
      if (typeof text !== 'string') throw new Error('expected a text')
      return compile(text, version, options)
    })

/** A rule with these keys and no others. @throws RuleFault */
export function keysOf(
  rule: unknown,
  required: readonly string[],
  optional: readonly string[] = []
): Readonly<Record<string, unknown>> {
  if (!isObject(rule)) throw new Error(`expected an object with ${required.join(', ')}`)
  const missing = required.find(key => rule[key] === undefined)
  if (missing) throw new Error(`${missing} is missing`)
  const unknown = Object.keys(rule).find(key => !required.includes(key) && !optional.includes(key))
  if (unknown)
    throw new RuleFault([unknown], `unknown key ${unknown}; expected ${[...required, ...optional].join(', ')}`)
  return rule
}
