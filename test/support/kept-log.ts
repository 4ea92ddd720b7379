import { beforeEach } from 'vitest'
import { createLogger } from '../../cli/log.ts'
import type { Logger, LogLevel } from '../../core/logger.ts'

/** What a part logs: shown of a test that fails, or of all at once with LOG_LEVEL=debug npm test -- … */
export function keptLog(): Logger {
  const level = process.env.LOG_LEVEL as LogLevel | undefined
  if (level !== undefined) return createLogger({ level })
  let lines: string[] = []
  beforeEach(({ onTestFailed }) => {
    lines = []
    onTestFailed(() => void process.stderr.write(lines.join('')))
  })
  return createLogger({ destination: { write: line => void lines.push(line) } })
}
