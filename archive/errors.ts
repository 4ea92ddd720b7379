import { type ErrorCodes, EventtrailError } from '../core/index.ts'

export const archiveErrorCodes = {
  ARCHIVE_UNAVAILABLE: {
    retryable: true,
    meaning:
      'A folder or a bucket for archives cannot be reached, read or written now, or has no room left. Nothing was dropped; the same command continues.'
  },
  ARCHIVE_REFUSED: {
    misconfigured: true,
    meaning:
      'A folder or a bucket for archives does not exist, or does not let this user or this key in. The message has what the system or the server said.'
  },
  ARCHIVE_EXISTS: {
    retryable: true,
    meaning:
      'There is an archive of that name already, and an archive is never overwritten. Nothing was dropped; the same command writes one of another name.'
  },
  ARCHIVE_MISSING: {
    retryable: true,
    meaning:
      'An archive that was written is not there any more. Nothing was dropped; the same command writes another one.'
  },
  ARCHIVE_DIFFERS: {
    retryable: true,
    meaning:
      'An archive was read back and is not what was written: its rows, their digest or their counts differ. Nothing was dropped; the same command writes another one.'
  }
} as const satisfies ErrorCodes
export type ArchiveErrorCode = keyof typeof archiveErrorCodes

/** An archive could not be written, or not be read as it was written. */
export class ArchiveError extends EventtrailError<ArchiveErrorCode> {
  constructor(code: ArchiveErrorCode, message: string, cause?: unknown) {
    super(message, { code, ...archiveErrorCodes[code], cause })
  }
}
