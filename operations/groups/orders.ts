import {
  controlTopicOf,
  controlTopics,
  type DesiredState,
  desiredKeyOf,
  encodeDesired,
  nothingDesired,
  parseDesired
} from '../../control/index.ts'
import type { Logger } from '../../core/index.ts'
import { type KafkaAdmin, type KafkaClient, TopicTable } from '../../kafka/index.ts'
import type { Pool } from '../../postgres/index.ts'
import { OperationsError } from '../errors.ts'

/** The control topic of a prefix, for those who look and those who order. */
export class Orders {
  readonly #table: TopicTable
  /** Whether there is a control topic. */
  readonly exists: boolean

  private constructor(table: TopicTable, exists: boolean) {
    this.#table = table
    this.exists = exists
  }

  /**
   * @param create makes the topics where they are missing; without it nothing is ordered there
   * @throws KafkaError `NOT_AUTHORIZED` where the topic may not be read, or created
   */
  static async open(
    { client, topicPrefix, log }: { readonly client: KafkaClient; readonly topicPrefix: string; readonly log: Logger },
    create?: KafkaAdmin
  ): Promise<Orders> {
    const table = new TopicTable({ client, topic: controlTopicOf(topicPrefix), log })
    const look = await table.ready
    if (look === 'read' || (look === 'missing' && !create)) return new Orders(table, look === 'read')
    const { fault } = table
    await table.close()
    if (look === 'missing' && create) {
      await create.createTopics(controlTopics(topicPrefix))
      return Orders.open({ client, topicPrefix, log })
    }
    throw fault ?? new OperationsError('ORDERS_UNREADABLE', 'The control topic cannot be read')
  }

  /** @throws OperationsError `ORDERS_UNREADABLE` */
  of(groupId: string): DesiredState {
    const value = this.#table.get(desiredKeyOf(groupId))
    if (!value) return nothingDesired
    const state = parseDesired(value)
    if (state) return state
    throw new OperationsError(
      'ORDERS_UNREADABLE',
      `The orders to group ${groupId} are of a newer version of eventtrail, or of another program: use that version`
    )
  }

  /**
   * Changes what a group shall do. One change goes after the other, also of other processes with the same database: two
   * that began with the same state would undo each other.
   * @returns the state that is now desired; the one before where `change` gives that back
   * @throws SendError, OperationsError `ORDERS_UNREADABLE`
   */
  async change(pool: Pool, groupId: string, change: (state: DesiredState) => DesiredState): Promise<DesiredState> {
    const session = await pool.connect()
    try {
      await session.query(`SELECT pg_advisory_lock(hashtext('eventtrail-control'), hashtext($1))`, [groupId])
      await this.#table.refresh()
      const before = this.of(groupId)
      const after = change(before)
      if (after !== before) await this.#table.put(desiredKeyOf(groupId), encodeDesired(after))
      return after
    } finally {
      // The lock ends with the session.
      session.release(true)
    }
  }

  close(): Promise<void> {
    return this.#table.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
