import {
  isGroupName,
  isSchemaName,
  isSourceName,
  isTopicPrefix,
  legalCharacters,
  schemaWords,
  sourceNameWords
} from '../names.ts'
import { durationWords, isDuration } from './durations.ts'

/** What an option has to be. */
export interface Rule {
  /** @returns what was expected, in words; undefined when the value fits */
  readonly fault: (value: unknown) => string | undefined
  /** Whether it must be given. */
  readonly isRequired: boolean
  /** Whether the value may hold a password: no error repeats it then. */
  readonly isSecret: boolean
  /** Rules of the options in this one, which may depend on what it is. */
  readonly inside: Rules<object> | ((value: object) => Rules<object>) | undefined
}

/** One rule for each option that there is; the names of the options are taken from here too. */
export type Rules<Options> = { readonly [Name in keyof Options]-?: Rule }

const isText = (value: unknown): value is string => typeof value === 'string'

const hasMethods = (value: unknown, names: readonly string[]): boolean =>
  typeof value === 'object' &&
  value !== null &&
  names.every(name => typeof (value as Readonly<Record<string, unknown>>)[name] === 'function')

function such(fits: (value: unknown) => boolean, expected: string, more: Partial<Rule> = {}): Rule {
  const fault = (value: unknown) => (fits(value) ? undefined : expected)
  return { fault, isRequired: false, isSecret: false, inside: undefined, ...more }
}

const isFile = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.keys(value).join() === 'file' &&
  'file' in value &&
  isText(value.file) &&
  value.file !== ''

const isTextOrFile = (value: unknown): boolean => (isText(value) && value !== '') || isFile(value)

/** The kinds of rules. None of them requires its option to be given but `required`. */
export const rule = {
  /** A rule of one's own. @param fits whether a value is as `expected` says */
  such: (fits: (value: unknown) => boolean, expected: string): Rule => such(fits, expected),

  /** The same rule for an option that must be given. */
  required: (given: Rule): Rule => ({ ...given, isRequired: true }),

  /** What the types alone check: a logger, a handler. */
  any: such(() => true, ''),

  /** A whole number. @param most default: the largest that is exact */
  wholeNumber(least: number, most: number = Number.MAX_SAFE_INTEGER): Rule {
    const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`
    const fits = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most
    return such(fits, `a whole number ${range}`)
  },

  /** Any number of a range. */
  numberBetween: (least: number, most: number): Rule =>
    such(value => typeof value === 'number' && value >= least && value <= most, `a number from ${least} to ${most}`),

  /** ms to wait. */
  duration: (least: number): Rule => such(value => isDuration(value, least), durationWords(least)),

  /** What is done with each of some events, by event name. */
  mappings: (expected = 'an object with at least one event name'): Rule =>
    such(value => typeof value === 'object' && value !== null && Object.keys(value).length > 0, expected),

  /** A `Logger`. */
  logger: such(
    value => hasMethods(value, ['debug', 'info', 'warn', 'error', 'child']),
    'a logger with the methods debug, info, warn, error and child, such as one of pino'
  ),

  /** What receives metrics. */
  meter: such(
    value => hasMethods(value, ['add', 'observe', 'gauge']),
    'a meter with the methods add, observe and gauge, such as `createPrometheusMeter()`'
  ),

  signal: such(value => value instanceof AbortSignal, 'an AbortSignal'),

  /** @param expected in words */
  function: (expected = 'a function'): Rule => such(value => typeof value === 'function', expected),

  /** An object with these methods. @param expected in words */
  withMethods: (methods: readonly string[], expected: string): Rule =>
    such(value => hasMethods(value, methods), expected),

  topicPrefix: such(value => isText(value) && isTopicPrefix(value), `at most 100 ${legalCharacters}`),

  groupName: such(value => isText(value) && isGroupName(value), `1 to 100 ${legalCharacters}`),

  /** Name of a service, for a header. */
  sourceName: such(value => isText(value) && isSourceName(value), sourceNameWords),

  yesOrNo: such(value => typeof value === 'boolean', 'true or false'),

  /** A text that is not empty. No error repeats it. */
  text: such(value => isText(value) && value !== '', 'a text that is not empty', { isSecret: true }),

  /** The same, or the file that holds it (`FileOrText`). */
  fileOrText: such(isTextOrFile, "a text that is not empty, or { file: '…' }", { isSecret: true }),

  /** The same, or a function that gives it (`Secret`). */
  secret: such(
    value => isTextOrFile(value) || typeof value === 'function',
    "a text that is not empty, { file: '…' }, or a function that gives one",
    { isSecret: true }
  ),

  /** PEM, or `{ file }` that names a file of it. @param words texts that are taken instead of PEM */
  pem: (...words: readonly string[]): Rule =>
    such(
      value => isFile(value) || (isText(value) && (value.includes('-----BEGIN ') || words.includes(value))),
      `a text in PEM${words.map(word => `, '${word}'`).join('')} or { file: '…' }`,
      { isSecret: true }
    ),
  /** A schema of Postgres. */
  schemaName: such(isSchemaName, schemaWords),

  oneOf: (...values: readonly string[]): Rule =>
    such(value => isText(value) && values.includes(value), `one of ${values.join(', ')}`),

  /** An address, which may hold a password. @param check throws in words that begin with "expected" */
  address: (check: (value: never) => unknown): Rule => ({
    ...such(() => true, '', { isSecret: true }),
    fault: value => {
      try {
        check(value as never)
        return undefined
      } catch (error) {
        return (error as Error).message.replace(/^expected /, '')
      }
    }
  }),

  /** An object whose options depend on what it is. */
  objectBy: <Options extends object>(inside: (value: Options) => Rules<object>, expected = 'an object'): Rule =>
    such(value => typeof value === 'object' && value !== null, expected, {
      inside: inside as (value: object) => Rules<object>,
      isSecret: true
    }),

  /** An object with options of its own. */
  object: <Options extends object>(inside: Rules<Options>, expected = 'an object'): Rule =>
    such(value => typeof value === 'object' && value !== null, expected, {
      inside: inside as Rules<object>,
      isSecret: true
    })
}
