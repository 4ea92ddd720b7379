/**
 * One setting of the command line. Each room lists its own as data; the CLI composes them, and docs/configuration.md is
 * generated from the whole.
 */
export interface Setting<T> {
  /** Environment variable. */
  readonly env: string
  /** Command line flag, where there is one; secrets have none. */
  readonly flag?: string
  readonly help: string
  readonly initial?: T
  /** @throws Error "expected …", which repeats nothing of the text: it may be a secret */
  readonly parse: (text: string) => T
}

export const asText = (value: string): string => value

/** Comma-separated, at least one. */
export function asList(value: string): readonly string[] {
  const parts = value
    .split(',')
    .map(part => part.trim())
    .filter(Boolean)
  if (parts.length === 0) throw new Error('expected at least one, got none')
  return parts
}

export function asCount(value: string): number {
  const parsed = wholeNumberOf(value.trim())
  if (parsed === undefined || parsed < 1) throw new Error('expected a whole number from 1')
  return parsed
}

/** 0 means a free port. */
export function asPort(value: string): number {
  const parsed = Number(value)
  if (!/^\d+$/.test(value) || parsed > 65_535) throw new Error('expected a port from 0 to 65535')
  return parsed
}

export const asOneOf =
  <T extends string>(allowed: readonly T[]) =>
  (value: string): T => {
    const found = allowed.find(each => each === value)
    if (!found) throw new Error(`expected one of ${allowed.join(', ')}`)
    return found
  }

/** A whole number in decimal digits alone: what Number takes besides (`0x5`, `1e10`, blanks) is a slip in most cases. */
export function wholeNumberOf(text: string): number | undefined {
  const value = Number(text)
  return /^\d+$/.test(text) && Number.isSafeInteger(value) ? value : undefined
}
