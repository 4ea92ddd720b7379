import type { CurrentAssignment } from '../progress/index.ts'
import type { PauseScope } from '../types.ts'
import type { Gate } from './gate.ts'
import { PauseScopes } from './pause-scopes.ts'

export interface PausesOptions {
  readonly assignment: CurrentAssignment
  readonly gate: Pick<Gate, 'stop' | 'lift'>
}

/**
 * Pauses partitions that someone asked to be paused: this process through the handle of the group, or others through
 * orders. Each of the two is lifted on its own; what is asked for holds for partitions that come later, too.
 */
export class Pauses {
  readonly #options: PausesOptions
  readonly #own = new PauseScopes()
  #ordered = new PauseScopes()

  constructor(options: PausesOptions) {
    this.#options = options
  }

  pause(scope: PauseScope): void {
    this.#own.pause(scope)
    this.apply()
  }

  resume(scope: PauseScope): void {
    this.#own.resume(scope)
    this.apply()
  }

  /** What others want paused, in place of what they wanted before. */
  order(scopes: readonly PauseScope[]): void {
    this.#ordered = new PauseScopes(scopes)
    this.apply()
  }

  /** Makes it so in the partitions of now. */
  apply(): void {
    const { assignment, gate } = this.#options
    for (const source of assignment.all) {
      const shall = this.#own.covers(source) || this.#ordered.covers(source)
      if (shall === source.holds.has('asked')) continue
      if (shall) gate.stop(source, 'asked')
      else gate.lift(source, 'asked')
    }
  }
}
