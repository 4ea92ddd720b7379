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
