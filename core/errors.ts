import { mostServerText, printable } from './printable.ts'
import { deniedWords, isDenied, sqlStateKind } from './sqlstate.ts'

/** What is known of a code, wherever it is thrown. docs/errors.md is made from it. */
export interface CodeFacts {
  /** The same call may succeed later without any change by the caller. */
  readonly retryable?: true
  /** The call, the configuration or the set-up is wrong and has to be changed first; a command then exits with 2. */
  readonly misconfigured?: true
  /** What happened and what to do, in a sentence or two. */
  readonly meaning: string
}

/** The closed list of codes of a class. */
export type ErrorCodes = Readonly<Record<string, CodeFacts>>

/** What every error of eventtrail carries besides its message. */
export interface ErrorFacts<Code extends string> {
  /** Names the fault; each class has a closed list of them. */
  readonly code: Code
  /** True when the same call may succeed later without any change by the caller. Default false. */
  readonly retryable?: boolean
  /** True when the call, the configuration or the set-up has to be changed first. Default false. */
  readonly misconfigured?: boolean
  readonly cause?: unknown
}

/**
 * The one base class. Each folder derives its own class with its own closed list of codes,
 * so that the compiler can check `switch (error.code)`.
 */
export class EventtrailError<Code extends string = string> extends Error {
  readonly code: Code
  readonly retryable: boolean
  readonly misconfigured: boolean

  constructor(message: string, { code, retryable = false, misconfigured = false, cause }: ErrorFacts<Code>) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = new.target.name
    this.code = code
    this.retryable = retryable
    this.misconfigured = misconfigured
  }
}

/** Whether a thrown value is a mistake of a program, not an answer of a server. */
export const isDefect = (thrown: unknown): boolean =>
  thrown instanceof TypeError ||
  thrown instanceof RangeError ||
  thrown instanceof ReferenceError ||
  thrown instanceof SyntaxError

export const configErrorCodes = {
  CONFIG_MISSING: {
    misconfigured: true,
    meaning:
      'A setting that the command needs is not set. The message names its variable, its flag and its key in the config file.'
  },
  CONFIG_INVALID: {
    misconfigured: true,
    meaning: 'A setting has a value that cannot be used. The message says what is expected.'
  },
  CONFIG_FILE: {
    misconfigured: true,
    meaning: 'The config file is missing, cannot be read, or has keys that do not exist.'
  }
} as const satisfies ErrorCodes
export type ConfigErrorCode = keyof typeof configErrorCodes

/** A setting is absent or wrong; the message names it and says where it can be set. */
export class ConfigError extends EventtrailError<ConfigErrorCode> {
  constructor(code: ConfigErrorCode, message: string, cause?: unknown) {
    super(message, { code, ...configErrorCodes[code], cause })
  }
}

export const usageErrorCodes = {
  USAGE: {
    misconfigured: true,
    meaning: 'A command was called with arguments that cannot work together. See its `--help`.'
  }
} as const satisfies ErrorCodes

/** A command was called in a way that cannot work; the CLI prints it without a stack and exits with 2. */
export class UsageError extends EventtrailError<'USAGE'> {
  constructor(message: string) {
    super(message, { code: 'USAGE', ...usageErrorCodes.USAGE })
  }
}

/** What may be said about an error in a log, a metric or an answer: nothing that can hold personal data. */
export interface SafeError {
  readonly type: string
  readonly code?: string
  readonly message?: string
  readonly table?: string
  readonly constraint?: string
  readonly stack?: string
  readonly cause?: SafeError
}

interface DatabaseErrorShape {
  severity: string
  code?: string
  table?: string
  constraint?: string
}

// A Postgres error repeats the row's values in message, detail and where: only its names are passed on.
function isDatabaseError(error: Error): error is Error & DatabaseErrorShape {
  return 'severity' in error && 'routine' in error
}

/** Whether Postgres refused the login because of what DATABASE_URL says, at whatever depth in the causes. Never throws. */
export function isWrongLogin(thrown: unknown): boolean {
  for (let error = thrown, depth = 0; error instanceof Error && depth < 5; error = error.cause, depth += 1)
    if (isDatabaseError(error) && sqlStateKind(error.code ?? '') === 'login') return true
  return false
}

/** A Postgres that takes no writes. */
export const readOnly = 'is read-only (25006): it is a standby, or default_transaction_read_only is on'

// What a code alone says to a person; no code is here whose cause may be in the values.
const sentences: Readonly<Record<string, string>> = {
  '25006': `Postgres ${readOnly}`,
  '55P03': 'Postgres gave no lock in time (55P03): another session holds it'
}

// Our own errors hold the words of others as printable text, and may have several lines. All else may be a server's.
const shown = (error: Error): string =>
  error instanceof EventtrailError
    ? error.message
        .split('\n')
        .map(line => printable(line))
        .join('\n')
    : printable(error.message, mostServerText)

/** Reduces any thrown value to what is safe to show. Never throws. */
export function safeError(thrown: unknown, depth = 0): SafeError {
  if (!(thrown instanceof Error)) return { type: typeof thrown }
  if (isDatabaseError(thrown)) {
    const { code, table, constraint } = thrown
    return {
      type: 'DatabaseError',
      ...(code && { code }),
      ...(isDenied(thrown) && { message: deniedWords(thrown) }),
      ...(table && { table }),
      ...(constraint && { constraint })
    }
  }
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined
  return {
    type: thrown.name,
    ...(code && { code }),
    message: shown(thrown),
    ...(thrown.cause !== undefined && depth < 3 && { cause: safeError(thrown.cause, depth + 1) })
  }
}

/** One line for a person: what happened and its causes. */
export function describeError(thrown: unknown): string {
  const lines: string[] = []
  for (let safe: SafeError | undefined = safeError(thrown); safe; safe = safe.cause) {
    const text =
      safe.message ||
      (safe.type === 'DatabaseError' && sentences[safe.code ?? '']) ||
      [safe.type, safe.code, safe.table, safe.constraint].filter(Boolean).join(' ')
    if (!lines.some(line => line.includes(text))) lines.push(text)
    // It names the right and what to do; the words of the client after it would only say that it failed.
    if (safe.code === 'NOT_AUTHORIZED') break
  }
  return lines.join(': ')
}
