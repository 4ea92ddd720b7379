import { fractionOf } from '../../../../dev/demo/day/random.ts'

/** How a handler fails for an event, as long as it is not repaired. The last four fail for good. */
export const failures = [
  'its first attempt',
  'while a server is away',
  'always',
  'rejects it',
  'within its effect',
  'after its effect'
] as const
export type Failure = (typeof failures)[number]

/** Of handlers that fail. */
const ratio = 0.02

/** The same for the same seed, aggregate and turn: about 2 % of all events fail, each way as often as the others. */
export function failureOf(seed: string, aggregate: string, turn: number): Failure | undefined {
  const fraction = fractionOf(`${seed} ${aggregate} ${turn}`)
  return fraction < ratio ? failures[Math.floor((fraction / ratio) * failures.length)] : undefined
}

export const isFinal = (failure: Failure | undefined): boolean =>
  failure !== undefined && failures.indexOf(failure) >= failures.indexOf('always')
