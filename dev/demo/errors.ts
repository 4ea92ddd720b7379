import { EventtrailError } from '../../core/index.ts'

/**
 * - `CHILD_FAILED`: a command of eventtrail that the demo runs ended with an error, or ended at all.
 * - `PUBLISH_FAILED`: an event of the day was not acknowledged.
 */
export type DemoErrorCode = 'CHILD_FAILED' | 'PUBLISH_FAILED'

export class DemoError extends EventtrailError<DemoErrorCode> {
  constructor(code: DemoErrorCode, message: string, cause?: unknown) {
    super(message, { code, retryable: false, cause })
  }
}
