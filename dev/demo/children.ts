import { type Child, startCli } from '../processes/index.ts'
import { DemoError } from './errors.ts'

export interface CrewOptions {
  /** Where the servers are; nothing else of eventtrail's settings reaches a child. */
  readonly env: Readonly<Record<string, string>>
  /** Folder for one log file per name. */
  readonly logs: string
  /** Gets every process at once, so that it can be ended by others when this one is killed. */
  readonly adopt: (name: string, pid: number | undefined) => void
}

const errorOf = (message: string, cause: Error | undefined) =>
  new DemoError('CHILD_FAILED', `eventtrail ${message}`, cause)

/** The processes of the demo. */
export class Crew {
  readonly #options: CrewOptions
  readonly #children = new Set<Child>()

  constructor(options: CrewOptions) {
    this.#options = options
  }

  /** Starts `eventtrail <args>`. */
  start(...args: string[]): Child {
    const name = args.filter(arg => /^[a-z][a-z-]*$/.test(arg)).join(' ')
    const child = startCli(args, { ...this.#options, name, errorOf })
    this.#children.add(child)
    return child
  }

  /** Runs a command that ends by itself. @throws DemoError `CHILD_FAILED` */
  async run(...args: string[]): Promise<void> {
    const child = this.start(...args)
    await child.success()
    this.#children.delete(child)
  }

  /**
   * Runs a command that ends by itself, and reads what it printed with `--json`.
   * @throws DemoError `CHILD_FAILED`
   */
  async ask(...args: string[]): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const child = this.start(...args)
    await child.success()
    this.#children.delete(child)
    const lines = child.output().split('\n')
    return lines.filter(line => line.startsWith('{')).map(line => JSON.parse(line))
  }

  /**
   * The same for a command whose exit code says what it found: 0 or 1.
   * @throws DemoError `CHILD_FAILED` where it printed no result
   */
  async askAnyway(...args: string[]): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const child = this.start(...args)
    await child.ended
    this.#children.delete(child)
    const lines = child.output().split('\n')
    const objects = lines.filter(line => line.startsWith('{')).map(line => JSON.parse(line))
    if (objects.at(-1)?.kind !== 'result') throw child.failure()
    return objects
  }

  /** @throws DemoError `CHILD_FAILED` when one of them has ended by itself */
  check(): void {
    for (const child of this.#children) if (child.hasFallen) throw child.failure()
  }

  async stop(deadlineMs: number): Promise<void> {
    await Promise.all([...this.#children].filter(child => !child.hasEnded).map(child => child.stop(deadlineMs)))
  }
}
