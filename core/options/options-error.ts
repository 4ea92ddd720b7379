import { type ErrorCodes, EventtrailError } from '../errors.ts'
import { printableLine } from '../printable.ts'

export const optionsErrorCodes = {
  OPTIONS_INVALID: {
    misconfigured: true,
    meaning: 'An option is missing, misspelt or out of range. The message names it and says what is expected.'
  }
} as const satisfies ErrorCodes

/** An option is not what it must be: "Expected `lingerMs` to be …, got …"; or there is no option of its name. */
export class OptionsError extends EventtrailError<'OPTIONS_INVALID'> {
  /** Name of the option, with that of the object that it is in: `retry.maxMs`. */
  readonly option: string

  /** @param got left out where it may hold a password */
  constructor(option: string, expected: string, ...got: [] | [got: unknown]) {
    const instead = got.length > 0 ? `, got ${shown(got[0])}` : ''
    super(`Expected \`${option}\` to be ${expected}${instead}`, {
      code: 'OPTIONS_INVALID',
      ...optionsErrorCodes.OPTIONS_INVALID
    })
    this.option = option
  }
}

const mostShown = 120

/** A value in an error: texts in quotes, numbers as they are, of anything else its type. */
function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(printableLine(value.slice(0, mostShown)))
  if (value === null || ['number', 'bigint', 'boolean', 'undefined'].includes(typeof value)) return String(value)
  return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`
}
