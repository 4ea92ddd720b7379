import { type DestinationStream, pino } from 'pino'
import pretty from 'pino-pretty'
import type { Logger, LogLevel } from '../core/index.ts'
import { safeError } from '../core/index.ts'

/**
 * JSON lines on stderr, readable text when stderr is a terminal. Errors under the key `err` are
 * reduced to what is safe to show.
 */
export function createLogger(
  options: { level?: LogLevel; name?: string; destination?: DestinationStream } = {}
): Logger {
  const { level = 'info', name = 'eventtrail', destination = defaultDestination() } = options
  return pino(
    { level, name, base: { name }, serializers: { err: error => (error instanceof Error ? safeError(error) : error) } },
    destination
  )
}

function defaultDestination(): DestinationStream {
  if (process.stderr.isTTY)
    return pretty({ destination: 2, sync: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss' })
  return pino.destination({ dest: 2, sync: true })
}
