import { relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const mostFrames = 10
const mostCauses = 5
const frame = /^ {4}at (?:.* \(|async )?((?:file:\/\/|[\\/]|[A-Za-z]:[\\/])[^()]*):(\d+):(\d+)\)?$/
/** What V8 writes before the message of an error: its class, and its code where Node.js threw it. */
const head = /^[\w.$]*( \[\w+\])?(: )?$/

/**
 * Where an error was thrown: at most ten places of its stack, as `file:line:column`, without the insides of Node.js.
 * Paths are relative to the working directory, or begin with the name of a package. The message of the error is in no
 * case part of it, also where it looks like a stack: it may quote personal data. Of an error without places, those of its
 * cause. Never throws.
 */
export function stackFrames(thrown: unknown): readonly string[] {
  let fault = thrown
  for (let depth = 0; fault instanceof Error && depth < mostCauses; depth += 1) {
    const frames = framesOf(fault)
    if (frames.length > 0) return frames
    fault = fault.cause
  }
  return []
}

function framesOf(error: Error): string[] {
  const { stack, message } = error
  if (typeof stack !== 'string' || typeof message !== 'string') return []
  // A message that was changed later is not in the stack, so it is not known where the one that is there ends.
  const start = message === '' ? stack.search(/\n|$/) : stack.indexOf(message)
  if (start < 0 || !head.test(stack.slice(0, start))) return []
  const frames: string[] = []
  const lines = stack.slice(start + message.length).split('\n')
  if (lines.shift() !== '') return []
  for (const line of lines) {
    // Whatever else a library has added may hold another error's message.
    if (!line.startsWith('    at ') || frames.length === mostFrames) break
    const [, file, row, column] = frame.exec(line) ?? []
    if (file !== undefined) frames.push(`${shortPath(file)}:${row}:${column}`)
  }
  return frames
}

function shortPath(file: string): string {
  const path = file.startsWith('file:') ? fileURLToPath(file) : file
  const packages = `${sep}node_modules${sep}`
  const place = path.lastIndexOf(packages)
  return place < 0 ? relative(process.cwd(), path) : path.slice(place + packages.length)
}
