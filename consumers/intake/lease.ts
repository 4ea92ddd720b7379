import { pause } from '../../core/index.ts'
import type { GroupConsumer } from '../../kafka/index.ts'
import type { Slot } from '../pipeline/index.ts'
import type { AssignedPartition, CurrentAssignment } from '../progress/index.ts'

const checkMs = 50

/**
 * Whether a message is still this member's to handle. A process that was suspended may have lost its partitions without
 * knowing: it asks the group first, or it would repeat old events after newer ones.
 */
export class Lease {
  readonly #consumer: Pick<GroupConsumer, 'leaseMs'>
  readonly #assignment: CurrentAssignment
  #check: Promise<unknown> | undefined

  constructor(consumer: Pick<GroupConsumer, 'leaseMs'>, assignment: CurrentAssignment) {
    this.#consumer = consumer
    this.#assignment = assignment
  }

  /** Whether the group has not heard from this member for so long that it may have given its partitions to another one. */
  get isOver(): boolean {
    return this.#consumer.leaseMs === 0
  }

  /** Waits until the group has answered. @returns false when the message is not this member's any more */
  async renewed(source: AssignedPartition, slot: Slot): Promise<boolean> {
    const { generation } = this.#assignment
    await slot.rest(async () => {
      while (this.isOver && !source.ended.aborted) await this.#nextCheck()
    })
    return generation === this.#assignment.generation && !source.ended.aborted
  }

  /** One timer for all that wait: there may be as many as there are aggregates. */
  #nextCheck(): Promise<unknown> {
    this.#check ??= pause(checkMs).finally(() => {
      this.#check = undefined
    })
    return this.#check
  }
}
