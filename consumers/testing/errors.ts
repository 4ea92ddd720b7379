import { type ErrorCodes, EventtrailError } from '../../core/index.ts'

export const testGroupErrorCodes = {
  NOT_SETTLED: {
    meaning:
      'Events of a test group were not finished in time. The message says how many, and whether a handler runs or an event waits for its next attempt.'
  }
} as const satisfies ErrorCodes
export type TestGroupErrorCode = keyof typeof testGroupErrorCodes

/** A test waits for something that does not happen. */
export class TestGroupError extends EventtrailError<TestGroupErrorCode> {
  constructor(message: string) {
    super(message, { code: 'NOT_SETTLED', ...testGroupErrorCodes.NOT_SETTLED })
  }
}
