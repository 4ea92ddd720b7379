/** One thing that is wrong. Says what was expected, never what was given. */
export interface Fault {
  /** `answers[2].text`; empty for the value as a whole. */
  readonly field: string
  readonly message: string
}

// More would fill a screen, and a list of a million wrong items would take minutes.
const mostFaults = 20

/** Why a value does not fit its schema: every fault that there is, up to 20. */
export class Refusal extends Error {
  readonly #faults: { steps: string[]; message: string }[]

  constructor(message: string) {
    super(message)
    this.#faults = [{ steps: [], message }]
  }

  /** The first faults, in the order of the schema. */
  get faults(): Fault[] {
    return this.#faults
      .slice(0, mostFaults)
      .map(({ steps, message }) => ({ field: steps.toReversed().join('').replace(/^\./, ''), message }))
  }

  /** Whether there are more faults than are reported. */
  get isFull(): boolean {
    return this.#faults.length > mostFaults
  }

  /** Puts a step in front of the paths of all its faults. */
  under(step: string): this {
    for (const fault of this.#faults) fault.steps.push(step)
    return this
  }

  /** One with the same faults, whose paths may grow differently. */
  copy(): Refusal {
    const copy = new Refusal(this.message)
    copy.#faults.splice(0, 1, ...this.#faults.map(({ steps, message }) => ({ steps: [...steps], message })))
    return copy
  }

  /** Takes the faults of another one. */
  and(other: Refusal): this {
    for (const fault of other.#faults) if (!this.isFull) this.#faults.push(fault)
    return this
  }
}

/** A number in the wrong unit: what it says is worth more than which types a union has. */
export class UnitRefusal extends Refusal {}

export function refuseUnit(message: string): never {
  throw new UnitRefusal(message)
}

export function refuse(message: string): never {
  throw new Refusal(message)
}

/** What was wrong until now, and what an attempt at `step` threw. Throws on what is no refusal. */
export function gather(until: Refusal | undefined, thrown: unknown, step: string): Refusal {
  if (!(thrown instanceof Refusal)) throw thrown
  thrown.under(step)
  return until ? until.and(thrown) : thrown
}
