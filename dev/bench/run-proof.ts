import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type CommandContext, type ExitCode, exitCodes } from '../../cli/index.ts'
import { startSubject } from './children.ts'
import { Trail } from './database.ts'
import { processMemory, processTimes } from './measure/index.ts'
import { type BenchKeys, beginProof, Filler, makeKeys, seal } from './proof/index.ts'
import { withServers } from './servers.ts'

export interface ProofBenchOptions {
  readonly rows: number
  /** Of a partition in one transaction. */
  readonly stretchRows: number
  readonly json?: boolean
}

/** Of the rows, those that are newer than the older checkpoint. */
const newerShare = 0.01
const mostMemory = 300 * 2 ** 20

/** How long `proof verify` takes and how much memory, whole and since an older checkpoint. */
export async function benchProof(
  context: CommandContext,
  { rows, stretchRows, json }: ProofBenchOptions
): Promise<ExitCode> {
  return await withServers(context, async ({ databaseUrl, scratch, logs, env, adopt }) => {
    const { out, say, signal } = context
    await using trail = await Trail.make(databaseUrl, 'proof')
    const keys = makeKeys()
    await beginProof(trail.client, keys)
    const filler = new Filler(trail.client, keys, stretchRows)
    const folder = join(scratch, 'log')
    const older = Math.floor((rows * (1 - newerShare)) / filler.rowsAtOnce) * filler.rowsAtOnce
    const filled = { rows: 0, seconds: 0 }
    const fill = async (upTo: number): Promise<string | undefined> => {
      const began = performance.now()
      let said = began
      while (filled.rows < upTo) {
        if (signal.aborted) return undefined
        filled.rows += await filler.store()
        if (performance.now() - said < 5_000) continue
        said = performance.now()
        say(`bench proof: ${filled.rows.toLocaleString('en')} of ${rows.toLocaleString('en')} rows`)
      }
      filled.seconds += (performance.now() - began) / 1_000
      return await seal(trail.client, folder, keys)
    }
    const since = await fill(older)
    // What is newer has later times than what the older checkpoint covers.
    await delay(10)
    if (since === undefined || (await fill(rows)) === undefined) return exitCodes.interrupted
    await trail.rows('VACUUM ANALYZE event_envelopes')
    await trail.rows('CHECKPOINT')
    const trust = join(scratch, 'trust.txt')
    writeFileSync(trust, trustOf(keys))
    const verify = async (...flags: string[]) => {
      const args = ['proof', 'verify', '--store', `file:${folder}`, '--trust', trust, '--json', ...flags]
      return await measured(
        startSubject(args, { name: 'verify', env: { ...env, DATABASE_URL: trail.url }, logs, adopt })
      )
    }
    const whole = await verify()
    const newer = await verify('--since', since)
    const results = { rows: filled.rows, fillSeconds: filled.seconds, whole, since: newer }
    if (json) out(JSON.stringify(results))
    else
      for (const [what, { seconds, peak, processor }, most] of [
        ['the whole trail', whole, 60],
        ['since the older checkpoint', newer, 5]
      ] as const) {
        const isOk = seconds <= most && peak <= mostMemory
        out(
          `${isOk ? '✓' : '✗'}  ${filled.rows.toLocaleString('en')} rows, ${what}: ${seconds.toFixed(1)} s (at most ${most} s for 10,000,000), ${processor.toFixed(1)} s of its processor time, ${Math.round(peak / 2 ** 20)} MB (at most 300 MB)`
        )
      }
    return exitCodes.ok
  })
}

const trustOf = ({ root, log }: BenchKeys): string => `log ${log.vkey}\nroot ${root.vkey}\nquorum none\n`

/** s until it has verified, and bytes and s of processor time of the process. @throws BenchError `CHILD_FAILED` */
async function measured(child: ReturnType<typeof startSubject>) {
  const began = performance.now()
  let [peak, processor] = [0, 0]
  while (!child.hasEnded) {
    peak = Math.max(peak, processMemory(child.pid)?.peak ?? 0)
    processor = Math.max(processor, processTimes(child.pid)?.own ?? 0)
    await Promise.race([child.ended, delay(50)])
  }
  await child.success()
  return { seconds: (performance.now() - began) / 1_000, peak, processor }
}
