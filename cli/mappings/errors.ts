import { type ErrorCodes, EventtrailError } from '../../core/index.ts'
import type { RulePath } from './rule-parts.ts'

export const mappingErrorCodes = {
  MAPPING_INVALID: {
    misconfigured: true,
    meaning:
      'A file of mappings cannot be read, or a rule in it is wrong. The message names the file, the event and the key.'
  }
} as const satisfies ErrorCodes

/** A file of mappings cannot be used. */
export class MappingError extends EventtrailError<'MAPPING_INVALID'> {
  readonly file: string
  /** Where in the file, as a JSON pointer (RFC 6901): `/documents/order.placed/text/1`; '' for the file as a whole. */
  readonly path: string

  constructor(file: string, path: RulePath, words: string) {
    super(`the mappings of ${file} cannot be used: ${words}`, {
      code: 'MAPPING_INVALID',
      ...mappingErrorCodes.MAPPING_INVALID
    })
    this.file = file
    this.path = path.map(step => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
  }
}
