import { hostname, userInfo } from 'node:os'

/** Who acts. */
export interface Operator {
  /** `who@host`. */
  readonly actor: string
  /** Whether a login has proved it; false: it is what the shell claims. */
  readonly verified: boolean
  readonly via: 'cli' | 'console' | 'code'
}

/** The user of this shell, which any user of the machine may claim to be. */
export function shellOperator(): Operator {
  return { actor: `${userName()}@${hostname()}`, verified: false, via: 'cli' }
}

/** Names this process in the log. */
export const processName = (): string => `${hostname()}:${process.pid}`

function userName(): string {
  try {
    return userInfo().username
  } catch {
    // In a container a user id may have no name.
    return String(process.getuid?.() ?? 'unknown')
  }
}
