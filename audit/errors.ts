import { type ErrorCodes, EventtrailError } from '../core/index.ts'

export const auditErrorCodes = {
  STORE_UNAVAILABLE: {
    retryable: true,
    meaning:
      'A place of the log of the proof cannot be reached, read or written now, or has no room left. Nothing is lost: entries wait in the database, and a later checkpoint covers them.'
  },
  STORE_REFUSED: {
    misconfigured: true,
    meaning:
      'A place of the log of the proof does not exist, or does not let this user or this key in. The message has what the system or the server said.'
  },
  STORE_DIFFERS: {
    meaning:
      'A place of the log of the proof has another file under a name that is never written twice. Two logs write to it, or someone changed it: keep it as evidence, and compare it with the other places.'
  },
  STORE_MISSING: {
    meaning:
      'A place of the log of the proof lacks a file that it must have. The message names the file; another place may have it.'
  }
} as const satisfies ErrorCodes
export type AuditErrorCode = keyof typeof auditErrorCodes

/** The log of the proof cannot be read or written, or is not what it has to be. */
export class AuditError extends EventtrailError<AuditErrorCode> {
  constructor(code: AuditErrorCode, message: string, cause?: unknown) {
    super(message, { code, ...auditErrorCodes[code], cause })
  }
}
