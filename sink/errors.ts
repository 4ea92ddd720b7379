import { type ErrorCodes, EventtrailError } from '../core/index.ts'

export const sinkErrorCodes = {
  CLOSED: { meaning: 'The sink was drained or closed, or failed. Make a new one.' },
  CATCH_UP_TIMEOUT: {
    retryable: true,
    meaning:
      'The sink had not caught up when the time was up or the signal aborted. The message says by how much and what holds it.'
  },
  WRITE_STALLED: { meaning: 'A write hangs while Postgres answers. The sink closes; start it again.' }
} as const satisfies ErrorCodes
export type SinkErrorCode = keyof typeof sinkErrorCodes

/** The sink cannot continue, or cannot do what was asked of it. */
export class SinkError extends EventtrailError<SinkErrorCode> {
  constructor(code: SinkErrorCode, message: string, cause?: unknown) {
    super(message, { code, ...sinkErrorCodes[code], cause })
  }
}
