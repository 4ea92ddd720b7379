import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { eventually } from '../../support/stack.ts'
import type { TestTrail } from '../../support/trail.ts'

const everyMs = 40

/** Looks at how far the trail has come, all the time, so that a standstill is seen and can be measured. */
export class Progress implements AsyncDisposable {
  /** Sum of the next offsets of the group; what it was while Postgres does not answer. */
  position = 0
  /** When it was seen to move, ms of `performance.now()`. */
  readonly #moves: number[] = []
  readonly #pool: pg.Pool
  readonly #group: string
  readonly #watching: Promise<void>
  #over = false

  constructor({ databaseUrl, group }: Pick<TestTrail, 'databaseUrl' | 'group'>) {
    this.#pool = new pg.Pool({ connectionString: databaseUrl, max: 1, connectionTimeoutMillis: 2_000 })
    this.#pool.on('error', () => undefined)
    this.#group = group
    this.#watching = this.#watch()
  }

  async #watch(): Promise<void> {
    for (; !this.#over; await delay(everyMs)) {
      const position = await this.#ask().catch(() => this.position)
      if (position > this.position) this.#moves.push(performance.now())
      this.position = position
    }
  }

  async #ask(): Promise<number> {
    const { rows } = await this.#pool.query<{ sum: string }>(
      'SELECT coalesce(sum(next_offset), 0) AS sum FROM sink_offsets WHERE consumer_group = $1',
      [this.#group]
    )
    return Number(rows[0]?.sum)
  }

  /** Waits until it has grown by `events` from now on. */
  async moves(events = 1, timeoutMs = 60_000): Promise<void> {
    const from = this.position
    await eventually(() => this.position >= from + events, { what: `the trail goes on by ${events} events`, timeoutMs })
  }

  /** ms of the longest time without a move that reaches past `since`, up to the latest move. */
  standstill(since: number): number {
    let longest = 0
    let before = this.#moves.findLast(at => at <= since) ?? since
    for (const at of this.#moves) {
      if (at <= since) continue
      longest = Math.max(longest, at - before)
      before = at
    }
    return Math.round(longest)
  }

  async close(): Promise<void> {
    this.#over = true
    await this.#watching
    await this.#pool.end()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
