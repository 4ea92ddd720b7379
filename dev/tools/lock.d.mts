/** A process, told apart from a later one that got the same pid. */
export interface ProcessIdentity {
  readonly pid: number
  /** As the kernel writes it; empty when the process was gone already. */
  readonly startedAt: string
}

export function startOf(pid: number): string | undefined
export function identify(pid?: number): ProcessIdentity
export function isAlive(identity: ProcessIdentity): boolean

/** Makes a folder and those above it; ends with an error where Node's own never ends (/proc). */
export function makeFolder(folder: string): void

/**
 * Takes the lock file, waiting while a living process holds it; a dead one's is taken over.
 * @returns gives the lock back
 */
export function takeLock(
  path: string,
  options?: { readonly signal?: AbortSignal; readonly onWait?: (holder: number) => void }
): Promise<() => void>
