import { EventtrailError } from '../../core/index.ts'

export type StackErrorCode =
  | 'JAVA_MISSING'
  | 'MAVEN_MISSING'
  | 'DOCKER_MISSING'
  | 'DOWNLOAD_FAILED'
  | 'POSTGRES_MISSING'
  | 'PORT_IN_USE'
  | 'SERVER_FAILED'
  | 'START_TIMEOUT'
  | 'STOPPED'

/** The stack could not be started; the message says in one line what to do. */
export class StackError extends EventtrailError<StackErrorCode> {
  constructor(code: StackErrorCode, message: string, cause?: unknown) {
    super(message, { code, retryable: code === 'DOWNLOAD_FAILED' || code === 'START_TIMEOUT', cause })
  }
}
