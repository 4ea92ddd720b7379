import { type DestinationStream, pino } from 'pino'
import pretty from 'pino-pretty'
import { safeError } from './errors.ts'

export const logLevels = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const
export type LogLevel = (typeof logLevels)[number]

/** What eventtrail needs of a logger; a pino logger fits as it is. */
export interface Logger {
  debug(facts: object, message?: string): void
  info(facts: object, message?: string): void
  warn(facts: object, message?: string): void
  error(facts: object, message?: string): void
  child(bindings: Record<string, unknown>): Logger
}

const silentCall = (): void => {}

/** The default of every library part: an embedding service decides for itself what is logged. */
export const silentLogger: Logger = {
  debug: silentCall,
  info: silentCall,
  warn: silentCall,
  error: silentCall,
  child: () => silentLogger
}

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
