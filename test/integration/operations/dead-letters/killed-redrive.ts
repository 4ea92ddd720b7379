import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { expect } from 'vitest'
import { cli } from '../../../support/processes/cli.ts'
import { eventually } from '../../../support/stack.ts'
import type { TestTrail } from '../../../support/trail.ts'
import { failingGroup } from './failing-group.ts'

/**
 * A group gives up on the first event of each aggregate (`park`) or on all of them (`skip`), and is repaired. A redrive is
 * killed in its middle and run again: each letter is handled once, in order, and the redrive recorded once.
 */
export async function killAndContinue(
  trail: TestTrail,
  name: string,
  {
    policy,
    aggregates,
    turns
  }: { readonly policy: 'skip' | 'park'; readonly aggregates: number; readonly turns: number }
): Promise<void> {
  const { fails, done, start, publish, json, topics } = await failingGroup(trail, name, policy)
  const letters = aggregates * turns
  const all = Array.from({ length: aggregates }, () => randomUUID())
  const order = Array.from({ length: turns }, (_, turn) => turn)
  for (const aggregate of all) for (const turn of policy === 'park' ? [0] : order) fails.add(`${aggregate} ${turn}`)
  const member = await start()
  await publish(all, 0, turns)
  await member.whenCaughtUp({ timeoutMs: 300_000 })
  expect(member.stats()).toMatchObject({ deadLettered: letters, parked: policy === 'park' ? aggregates : 0 })
  fails.clear()

  const { plan } = await json('redrive', '--all', '--dry-run')
  const flags = ['--plan', String(plan), '--reason', 'repaired', '--rate', String(Math.ceil(letters / 3))]
  const args = ['dead-letters', 'redrive', '--group', name, ...flags]
  const child = spawn(process.execPath, [cli, ...args], { env: { ...process.env, ...trail.env }, stdio: 'ignore' })
  const exited = once(child, 'exit')
  const sent = async () =>
    Number(
      (
        await trail.rows(
          "SELECT count(*) AS n FROM dead_letter_states WHERE consumer_group = $1 AND state = 'redriven'",
          [topics.groupId]
        )
      )[0]?.n
    )
  await eventually(async () => (await sent()) >= letters / 3, { what: 'a part of them is sent', timeoutMs: 60_000 })
  child.kill('SIGKILL')
  await exited
  const sentByTheFirst = await sent()
  expect(sentByTheFirst).toBeLessThan(letters)

  const again = await json('redrive', ...flags)
  expect(again).toMatchObject({ sent: letters, skipped: 0, handled: letters, deadAgain: 0, waiting: 0 })
  expect(again).toMatchObject({ released: policy === 'park' ? aggregates : 0, stillParked: 0, rounds: 1 })
  expect(again.sentBefore).toBeGreaterThanOrEqual(sentByTheFirst)
  for (const aggregate of all) expect(done.get(aggregate)).toEqual(order)
  const actions = await trail.rows(
    `SELECT id, status, result FROM operator_log WHERE operation = 'dead-letters redrive' AND target ->> 'group' = $1`,
    [topics.groupId]
  )
  expect(actions).toMatchObject([{ status: 'done', result: { sent: letters, handled: letters } }])
  const resumed = await trail.rows('SELECT action FROM operator_resumptions WHERE action = $1', [actions[0]?.id])
  expect(resumed).toHaveLength(1)
  await expect(json('redrive', ...flags)).rejects.toThrow('was carried out by action')
}
