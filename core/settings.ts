import { ConfigError } from './errors.ts'

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

type Parsed<Table extends Readonly<Record<string, Setting<unknown>>>> = {
  readonly [Key in keyof Table]?: ReturnType<Table[Key]['parse']>
}

/**
 * The settings of a table that an environment has. Variables that are empty count as not set.
 * @throws ConfigError `CONFIG_INVALID`
 */
export function settingsIn<Table extends Readonly<Record<string, Setting<unknown>>>>(
  table: Table,
  env: Readonly<Record<string, string | undefined>>
): Parsed<Table> {
  const given = Object.entries(table).flatMap(([key, { env: variable, parse }]) => {
    const text = env[variable]
    return text ? [[key, parseSetting({ parse }, variable, text)] as const] : []
  })
  return Object.fromEntries(given) as Parsed<Table>
}

/**
 * The value of one setting.
 * @param where it was given, for the error
 * @throws ConfigError `CONFIG_INVALID`
 */
export function parseSetting<T>({ parse }: Pick<Setting<T>, 'parse'>, where: string, text: string): T {
  try {
    return parse(text)
  } catch (cause) {
    throw new ConfigError('CONFIG_INVALID', `${where}: ${(cause as Error).message}`)
  }
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
