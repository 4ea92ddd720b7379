import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cli } from '../../../support/processes/cli.ts'
import { eventually } from '../../../support/stack.ts'
import type { TestTrail } from '../../../support/trail.ts'

/** A step of `retention drop` that Postgres is about to note, or its result. */
export type Gate = 'archive begun' | 'archive written' | 'archive verified' | 'dropped' | 'result'

/**
 * Runs `retention …` and stops it while Postgres notes a step: all before that is done, and the step is not noted. The
 * step waits for a lock of the test, so that no time decides. @returns the exit code, which is null after a kill
 */
async function stopAt(
  trail: TestTrail,
  gate: Gate,
  args: readonly string[],
  work: (child: ChildProcess, session: unknown) => Promise<void>
): Promise<number | null> {
  const [table, condition] =
    gate === 'result' ? ['operator_results', 'true'] : ['retention_steps', `NEW.step = '${gate}'`]
  const holder = await trail.db.connect()
  try {
    await trail.rows(`CREATE OR REPLACE FUNCTION kill_gate() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN NEW; END $$`)
    await holder.query('SELECT pg_advisory_lock(4711)')
    await trail.rows(
      `CREATE TRIGGER kill_gate BEFORE INSERT ON ${table} FOR EACH ROW WHEN (${condition}) EXECUTE FUNCTION kill_gate()`
    )
    const child = spawn(process.execPath, [cli, 'retention', ...args], {
      env: { ...process.env, ...trail.env },
      stdio: ['ignore', 'ignore', 'pipe']
    })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', text => {
      said += text
    })
    const exited = once(child, 'exit')
    const waiting = await eventually(
      async () => {
        if (child.exitCode !== null) throw new Error(`it ended before the step: ${said}`)
        const [row] = await trail.rows(
          `SELECT l.pid FROM pg_locks l JOIN pg_stat_activity a USING (pid)
           WHERE l.locktype = 'advisory' AND l.objid = 4711 AND NOT l.granted AND a.datname = current_database()`
        )
        return row?.pid
      },
      { what: `it is about to note ${gate}`, timeoutMs: 60_000 }
    )
    await work(child, waiting)
    await holder.query('SELECT pg_advisory_unlock(4711)')
    await exited
    return child.exitCode
  } finally {
    holder.release(true)
    await trail.rows(`DROP TRIGGER IF EXISTS kill_gate ON ${table}`)
  }
}

/** Kills it there. */
export async function killAt(trail: TestTrail, gate: Gate, args: readonly string[]): Promise<void> {
  await stopAt(trail, gate, args, async (child, session) => {
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
    // Waiting for a lock, a session does not notice that its client is gone.
    await trail.rows('SELECT pg_terminate_backend($1)', [session])
    await eventually(
      async () =>
        (
          await trail.rows(
            `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'eventtrail-retention%'`
          )
        ).length === 0,
      { what: 'its sessions are gone' }
    )
  })
}

/** Does something there, and lets it continue. */
export const meanwhileAt = (trail: TestTrail, gate: Gate, args: readonly string[], work: () => Promise<unknown>) =>
  stopAt(trail, gate, args, async () => void (await work()))
