import { readFileSync } from 'node:fs'

/**
 * The last lines of a log that say something, for the error about the process that wrote it.
 * @param fromByte where the log of this process begins
 */
export function lastLines(log: string, count = 5, fromByte = 0): string {
  try {
    const lines = readFileSync(log).subarray(fromByte).toString('utf8').trimEnd().split('\n')
    const telling = lines.filter(line => /error|fatal|exception|cannot|could not|failed|in use/i.test(line))
    return (telling.length > 0 ? telling : lines).slice(-count).join('\n')
  } catch {
    return ''
  }
}
