import pg from 'pg'
import { addSubscription, secretBox } from '../../consumers/notifier/index.ts'
import type { Logger } from '../../core/index.ts'
import type { KafkaAdmin, PartitionRange } from '../../kafka/index.ts'
import { createKafkaClient } from '../../kafka/kafkajs/index.ts'

export const groups = ['sink', 'indexer', 'notifier'] as const
export type Group = (typeof groups)[number]

/** The topics that a group reads, and the other way round what it can lag in. */
const topicsOf: Record<Group, readonly string[]> = {
  sink: ['badge.awarded', 'lesson.published', 'quiz.submitted'],
  indexer: ['lesson.published'],
  notifier: ['badge.awarded', 'quiz.submitted']
}

/** How far each of them is. */
export interface Figures {
  /** Rows that the ledger of the trail accounts for. */
  readonly stored: number
  /** Events in the search index. */
  readonly documents: number
  /** Mails and webhooks that are queued and not sent. */
  readonly pending: number
  /** Records in Kafka that a group has not dealt with. */
  readonly lag: Readonly<Record<Group, number>>
}

/** Asks Kafka and Postgres how far each of them is. */
export class Observer {
  readonly #admin: KafkaAdmin
  readonly #database: pg.Client

  private constructor(admin: KafkaAdmin, database: pg.Client) {
    this.#admin = admin
    this.#database = database
  }

  static async open(servers: {
    readonly brokers: readonly string[]
    readonly databaseUrl: string
    readonly log: Logger
  }): Promise<Observer> {
    const { brokers, databaseUrl, log } = servers
    const database = new pg.Client({ connectionString: databaseUrl, application_name: 'eventtrail-demo' })
    // Nothing waits on an idle connection: the next question shows that it broke.
    database.on('error', () => undefined)
    await database.connect()
    try {
      return new Observer(
        await createKafkaClient({ brokers, clientId: 'eventtrail-demo', log }).connectAdmin(),
        database
      )
    } catch (error) {
      await database.end()
      throw error
    }
  }

  /** Subscribes an endpoint to an event, also to those that were published before. @returns its secret */
  async subscribe(name: string, eventName: string, target: string, key: string): Promise<string> {
    const given = { name, eventNames: [eventName], conditions: [], channel: 'webhook', target } as const
    const { secret } = await addSubscription(this.#database, { ...given, since: new Date(0) }, secretBox(key))
    return secret ?? ''
  }

  /** Rows of a query. */
  async rows(sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    return (await this.#database.query<Record<string, unknown>>(sql, values)).rows
  }

  /** The one number that a query answers with. */
  async number(sql: string): Promise<number> {
    const [row] = await this.rows(sql)
    return Number(Object.values(row ?? {})[0] ?? 0)
  }

  /** Whether every group has a member. */
  async everybodyIsThere(): Promise<boolean> {
    const members = await Promise.all(groups.map(group => this.#admin.groupMembers(group)))
    return members.every(count => count > 0)
  }

  /** Rows that the ledger accounts for. */
  stored(): Promise<number> {
    return this.number('SELECT sum(rows) FROM sink_ledger')
  }

  /** Whether Postgres has a session of a sink. */
  async sinkIsAtWork(): Promise<boolean> {
    return (
      (await this.number("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'eventtrail-sink%'")) > 0
    )
  }

  async figures(): Promise<Figures> {
    const stored = await this.stored()
    const documents = await this.number('SELECT count(*) FROM search_documents')
    const offsets = await this.#admin.groupOffsets('notifier')
    // After its offsets: what an event has queued is there before its offset is committed.
    const pending = await this.number("SELECT count(*) FROM deliveries WHERE state = 'pending'")
    const done: Record<Group, Done> = {
      sink: doneOf(
        await this.rows("SELECT topic, partition, next_offset FROM sink_offsets WHERE consumer_group = 'sink'")
      ),
      indexer: await this.#admin.groupOffsets('indexer'),
      notifier: offsets
    }
    const ranges = new Map<string, PartitionRange[]>()
    // The logs are looked at last, so that nothing that is in them goes unseen.
    for (const topic of topicsOf.sink) ranges.set(topic, await this.#admin.ranges(topic))
    const lag = (group: Group) =>
      topicsOf[group].reduce((sum, topic) => sum + lagOf(ranges.get(topic) ?? [], done[group].get(topic)), 0)
    return {
      stored,
      documents,
      pending,
      lag: { sink: lag('sink'), indexer: lag('indexer'), notifier: lag('notifier') }
    }
  }

  /** Events that indexer and notifier gave up on. */
  async deadLetters(): Promise<number> {
    const topics = [...(await this.#admin.topics()).keys()].filter(topic => topic.endsWith('.dead-letters'))
    let letters = 0
    for (const topic of topics) {
      for (const { start, end } of await this.#admin.ranges(topic)) letters += end - start
    }
    return letters
  }

  async close(): Promise<void> {
    await Promise.all([this.#admin.close(), this.#database.end()])
  }
}

/** Topic → partition → offset of the first record that is not done. */
type Done = ReadonlyMap<string, ReadonlyMap<number, number>>

function doneOf(rows: readonly Record<string, unknown>[]): Done {
  const done = new Map<string, Map<number, number>>()
  for (const { topic, partition, next_offset } of rows) {
    const partitions = done.get(String(topic)) ?? new Map<number, number>()
    done.set(String(topic), partitions.set(Number(partition), Number(next_offset)))
  }
  return done
}

/** Records of a topic that are before its end and are not done. */
export function lagOf(ranges: readonly PartitionRange[], done: ReadonlyMap<number, number> = new Map()): number {
  return ranges.reduce(
    (sum, { partition, start, end }) => sum + Math.max(0, end - Math.max(start, done.get(partition) ?? start)),
    0
  )
}
