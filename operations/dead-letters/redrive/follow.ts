import { pause } from '../../../core/index.ts'
import { type CatalogueParts, type LetterTopic, readLetters, settle } from '../catalogue.ts'
import { type GroupName, groupTopics } from '../names.ts'
import type { RedrivePlace } from '../plan.ts'
import { type LetterState, statesOf } from '../store/index.ts'

/** ms without any change after which a redrive is not waited for any more. */
const idleMs = 30_000
/** The same where the group has no member that could handle anything. */
const deserted = 5_000
const pollMs = 500

/**
 * Waits between two looks at a group, as long as something changes.
 *
 * waiting → (nothing changes for too long, or the signal aborts) → over
 */
export class Patience {
  readonly #members: () => Promise<number>
  readonly #signal: AbortSignal
  #seen = ''
  #since = performance.now()

  constructor(members: () => Promise<number>, signal: AbortSignal) {
    this.#members = members
    this.#signal = signal
  }

  /** @param state what was seen. @returns false where it is no use to wait longer */
  async wait(state: unknown): Promise<boolean> {
    const now = JSON.stringify(state)
    if (now !== this.#seen) {
      this.#seen = now
      this.#since = performance.now()
    }
    const still = performance.now() - this.#since
    if (still > idleMs || (still > deserted && (await this.#members()) === 0)) return false
    return await pause(pollMs, this.#signal)
  }
}

export interface FollowOptions {
  readonly action: number
  /** What the group has to pass besides the letters: end markers. */
  readonly markers: Iterable<RedrivePlace>
  readonly signal: AbortSignal
  readonly onStates: (states: Readonly<Record<LetterState, number>>) => void
}

/**
 * Waits until the group has handled, or given up again, all that an action has sent, as long as something changes.
 * @returns false where it gave up waiting
 */
export async function followRedrive(
  parts: CatalogueParts,
  name: GroupName,
  topic: LetterTopic,
  { action, markers, signal, onStates }: FollowOptions
): Promise<boolean> {
  const { groupId, redrive } = groupTopics(name)
  const patience = new Patience(() => parts.admin.groupMembers(groupId), signal)
  for (;;) {
    const passed = (await parts.admin.groupOffsets(groupId)).get(redrive) ?? new Map<number, number>()
    await readLetters(parts, topic, topic.topic)
    await settle(parts.pool, topic.groupId, topic.redriveTopicId, passed, action)
    const states = await statesOf(parts.pool, topic, action)
    onStates(states)
    const toPass = [...markers].filter(({ partition, offset }) => (passed.get(partition) ?? 0) <= offset).length
    if (states.redriven === 0 && toPass === 0) return true
    if (!(await patience.wait([states, toPass]))) return false
  }
}
