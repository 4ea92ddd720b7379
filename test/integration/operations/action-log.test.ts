import { hostname } from 'node:os'
import { expect, test } from 'vitest'
import { act, type Operator, resumeAction, shellOperator } from '../../../operations/index.ts'
import { sessionPool } from '../../../trail/database.ts'
import { runCli } from '../../support/processes/cli.ts'
import { eventually } from '../../support/stack.ts'
import { testTrail } from '../../support/trail.ts'

const trail = await testTrail({ partitions: 1 })
const jo: Operator = { actor: 'jo@desk', verified: false, via: 'code' }
const request = { operation: 'sink reset', target: { topic: 'a.b', partition: 3 }, reason: 'a test' }
const log = (id: number) => trail.rows('SELECT * FROM operator_log WHERE id = $1', [id])
const newest = async () => (await trail.rows('SELECT * FROM operator_log ORDER BY id DESC LIMIT 1'))[0]
const pool = () => sessionPool(trail.databaseUrl, { applicationName: 'action-log-test' })

/** Ends all sessions of a pool, as a process that is killed does. */
const endSessions = () =>
  trail.rows(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'action-log-test%' AND datname = current_database()"
  )

test('an action is recorded before it runs, with the login that Postgres knows, and its result afterwards', async () => {
  const own = pool()
  try {
    const answer = await act(
      own,
      jo,
      request,
      async ({ id }) => {
        expect(await log(id)).toMatchObject([
          { actor: 'jo@desk', verified: false, operation: 'sink reset', target: request.target, status: 'running' }
        ])
        return { id, moved: 7 }
      },
      ({ moved }) => ({ moved })
    )
    const [row] = await log(answer.id)
    expect(row).toMatchObject({ status: 'done', result: { moved: 7 }, reason: 'a test' })
    expect(row?.login).toBe(new URL(trail.databaseUrl).username)
    expect(row?.ended_at).toBeInstanceOf(Date)
  } finally {
    await own.end()
  }
})

test('an error of the work is recorded by its code, never by its words, and thrown', async () => {
  const own = pool()
  try {
    const fails = () => Promise.reject(new TypeError('it says jane@example.org'))
    await expect(act(own, jo, request, fails)).rejects.toThrow('jane@example.org')
    expect(await newest()).toMatchObject({ status: 'failed', result: { code: 'TypeError' } })
  } finally {
    await own.end()
  }
})

test('an action whose process is gone is interrupted, and is continued as the same action, once', async () => {
  const [first, second] = [pool(), pool()]
  const begun = Promise.withResolvers<number>()
  const go = Promise.withResolvers<void>()
  try {
    const lost = act(first, jo, request, async action => {
      begun.resolve(action.id)
      await go.promise
      await action.requireHeld()
    })
    const id = await begun.promise
    const never = () => Promise.reject(new Error('ran although it was refused'))
    await expect(resumeAction(second, jo, { id }, never)).rejects.toMatchObject({ code: 'ACTION_RUNNING' })
    await endSessions()
    go.resolve()
    await expect(lost).rejects.toMatchObject({ code: 'ACTION_LOST' })
    await eventually(async () => (await log(id))[0]?.status === 'interrupted', { what: 'interrupted' })
    const counts = await resumeAction(
      second,
      { ...jo, actor: 'al@desk' },
      { id },
      async () => ({ moved: 3 }),
      counts => counts
    )
    expect(counts).toEqual({ moved: 3 })
    expect(await log(id)).toMatchObject([{ actor: 'jo@desk', status: 'done', result: { moved: 3 } }])
    expect(await trail.rows('SELECT actor FROM operator_resumptions WHERE action = $1', [id])).toEqual([
      { actor: 'al@desk' }
    ])
    await expect(resumeAction(second, jo, { id }, never)).rejects.toMatchObject({ code: 'ACTION_ENDED' })
  } finally {
    await first.end()
    await second.end()
  }
})

test.each([
  "UPDATE operator_actions SET actor = 'someone else'",
  'DELETE FROM operator_results',
  'TRUNCATE operator_actions CASCADE'
])('%s is refused, for the owner too', async statement => {
  await expect(trail.rows(statement)).rejects.toMatchObject({ code: '23001' })
})

test('a session cannot claim another time or another login', async () => {
  const [row] = await trail.rows(
    `INSERT INTO operator_actions (at, actor, verified, via, login, process, operation, target, reason)
     VALUES ('2001-01-01', 'a', false, 'cli', 'root', 'p', 'o', '{}', 'r') RETURNING at > now() - interval '1 hour' AS now, login`
  )
  expect(row).toEqual({ now: true, login: new URL(trail.databaseUrl).username })
})

test('commands that change something are recorded with the user of the shell, and refused ones too', async () => {
  const topic = `${trail.topicPrefix}lesson.published`
  const refused = await runCli(['sink', 'resume', '--event', 'lesson.published', '--reason', 'why not'], trail.env)
  expect(refused.code).toBe(2)
  expect(await newest()).toMatchObject({
    actor: shellOperator().actor,
    via: 'cli',
    verified: false,
    operation: 'sink resume',
    target: { topic, group: trail.group },
    reason: 'why not',
    status: 'failed',
    result: { code: 'REQUEST_INVALID' }
  })
  expect(shellOperator().actor).toContain(`@${hostname()}`)
  const nothing = await runCli(['quarantine', 'discard', '--code', 'NULL_VALUE', '--reason', 'none'], trail.env)
  expect(nothing.code).toBe(0)
  expect(await newest()).toMatchObject({ operation: 'quarantine discard', result: { discarded: 0, found: 0 } })
})

test('nothing is done while the log cannot be written', async () => {
  await trail.rows('ALTER TABLE operator_actions RENAME TO hidden_actions')
  try {
    const forget = await runCli(['sink', 'forget', '--event', 'badge.awarded', '--reason', 'r'], trail.env)
    expect(forget.code).not.toBe(0)
    expect(forget.stderr).toContain('Nothing was done, because who does it could not be recorded')
    expect(await trail.count('sink_forgotten')).toBe(0)
  } finally {
    await trail.rows('ALTER TABLE hidden_actions RENAME TO operator_actions')
  }
  // A database of before this version.
  await trail.tamper("DELETE FROM eventtrail_migrations WHERE component = 'operations'")
  const old = await runCli(['sink', 'forget', '--event', 'badge.awarded', '--reason', 'r'], trail.env)
  expect(old).toMatchObject({ code: 2, stderr: expect.stringContaining('run `eventtrail migrate`') })
  expect(await trail.count('sink_forgotten')).toBe(0)
})
