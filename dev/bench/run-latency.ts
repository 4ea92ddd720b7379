import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type CommandContext, type ExitCode, exitCodes } from '../../cli/index.ts'
import { pause } from '../../core/index.ts'
import type { Child } from '../processes/index.ts'
import { startScript, startSubject } from './children.ts'
import { Trail } from './database.ts'
import { BenchError } from './errors.ts'
import { load, plainShape } from './load/index.ts'
import { parseSnapshots, visibleSince } from './measure/index.ts'
import type { LatencyResults, LatencySummary } from './report/index.ts'
import { percentile, type Spread, spreadOf, writeReport } from './report/index.ts'
import { circumstances, withServers } from './servers.ts'
import type { Durability, Servers } from './types.ts'

export interface LatencyBenchOptions {
  readonly seconds: number
  readonly turns: number
  readonly quick?: boolean
}

const rates = [1_000, 20_000]
const warmUpSeconds = 4
const settleMs = 60_000

const contenders = ['sink', 'proved', 'bare'] as const
type Who = (typeof contenders)[number]
const labels: Record<Who, string> = {
  sink: 'SDK producer and `eventtrail sink`, both with their defaults',
  proved: 'the same, with the proof',
  bare: 'bare loop: kafkajs producer, kafkajs consumer, one INSERT of all that has arrived; nothing is checked or recorded'
}

/** What one turn of one rate showed, ms. */
interface Turn {
  readonly who: Who
  readonly rate: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
  /** ms between two looks of the observer, on average: no figure is finer. */
  readonly resolution: number
  /** ms by which the publisher was late in the end: more than a few mean that it could not keep up. */
  readonly late: number
}

/** What publish-child.ts leaves. */
interface PublisherReport {
  /** ms since 1970 at which the first event was due. */
  readonly start: number
  readonly sent: number
  readonly late: number
}

/** Publishes at even rates and reports how long each event took until others could see its row. */
export async function benchLatency(context: CommandContext, given: LatencyBenchOptions): Promise<ExitCode> {
  const options = given.quick ? { ...given, seconds: 3, turns: 1 } : given
  return await withServers(context, async servers => {
    const measured: Turn[] = []
    let durability: Durability = {}
    for (let turn = 1; turn <= options.turns; turn += 1) {
      for (const rate of rates) {
        for (const who of contenders) {
          if (context.signal.aborted) return exitCodes.interrupted
          await using trail = await Trail.make(servers.databaseUrl, `latency_${who}_${rate}_${turn}`)
          durability = await trail.durability()
          const result = await takeTurn(servers, trail, who, rate, options.seconds, context.signal)
          measured.push(result)
          const figures = [result.p50, result.p90, result.p99, result.max].map(ms => ms.toFixed(1)).join(' / ')
          context.out(
            `turn ${turn}  ${who.padEnd(6)} ${rate} events/s: p50 / p90 / p99 / max ${figures} ms, publisher ${result.late.toFixed(0)} ms late`
          )
        }
      }
    }
    if (given.quick) return exitCodes.ok
    const results: LatencyResults = {
      ...(await circumstances(servers, durability)),
      seconds: options.seconds,
      turns: options.turns,
      resolutionMs: spreadOf(measured.map(({ resolution }) => resolution))?.median ?? Number.NaN,
      summaries: summarise(measured)
    }
    context.out(`written: ${writeReport({ latency: results }).join(', ')}`)
    return exitCodes.ok
  })
}

function summarise(measured: readonly Turn[]): LatencySummary[] {
  return rates.flatMap(rate =>
    contenders.map(who => {
      const turns = measured.filter(turn => turn.rate === rate && turn.who === who)
      const spread = (name: 'p50' | 'p90' | 'p99' | 'max'): Spread =>
        spreadOf(turns.map(turn => turn[name])) ?? { median: Number.NaN, min: Number.NaN, max: Number.NaN }
      return {
        who,
        label: labels[who],
        rate,
        p50: spread('p50'),
        p90: spread('p90'),
        p99: spread('p99'),
        max: spread('max')
      }
    })
  )
}

async function takeTurn(
  servers: Servers,
  trail: Trail,
  who: Who,
  rate: number,
  seconds: number,
  signal: AbortSignal
): Promise<Turn> {
  const { name: id } = trail
  const prefix = `${id.replaceAll('_', '.')}.`
  // The topics, the schemas, and a few events that show that the reader reads.
  const shape = plainShape(id)
  const first = await load({ ...servers, shape, prefix, records: 100 })
  const key = who === 'proved' ? { PROOF_KEY_FILE: await trail.prove(join(servers.scratch, `${id}-keys`), prefix) } : {}
  const env = { ...servers.env, DATABASE_URL: trail.url, LOG_LEVEL: 'warn', ...key }
  const child = { logs: servers.logs, adopt: servers.adopt, env }
  const topics = shape.events.map(versions => prefix + versions[0]?.eventName)
  const reader =
    who !== 'bare'
      ? startSubject(['sink', '--group', id, '--prefix', prefix], { ...child, name: 'latency sink' })
      : startScript('contenders/naive-child.ts', ['batch', id, ...topics], { ...child, name: 'latency bare loop' })
  const snapshots = join(servers.scratch, `${id}.snapshots`)
  const report = join(servers.scratch, `${id}.json`)
  let observer: Child | undefined
  try {
    await stored(trail, first.records, reader, signal)
    observer = startScript('measure/observe-child.ts', [trail.url, snapshots], { ...child, name: 'latency observer' })
    const kind = who === 'bare' ? 'bare' : 'sdk'
    const args = [kind, prefix, String(rate), String(seconds + warmUpSeconds), report]
    const publisher = startScript('load/publish-child.ts', args, { ...child, name: 'latency publisher' })
    const stop = () => void publisher.stop()
    signal.addEventListener('abort', stop, { once: true })
    await publisher.ended
    signal.removeEventListener('abort', stop)
    if (!publisher.hasSucceeded) throw publisher.failure()
    const { start, sent, late } = JSON.parse(readFileSync(report, 'utf8')) as PublisherReport
    await stored(trail, first.records + sent, reader, signal)
    await observer.stop()
    const { latencies, resolution } = await latenciesOf(trail, snapshots, start + warmUpSeconds * 1_000)
    if (latencies.length < rate * seconds * 0.99)
      throw new BenchError(
        'COUNTS_DIFFER',
        `${id}: the time of ${rate * seconds - latencies.length} events is not known`
      )
    return {
      who,
      rate,
      p50: percentile(latencies, 0.5),
      p90: percentile(latencies, 0.9),
      p99: percentile(latencies, 0.99),
      max: percentile(latencies, 1),
      resolution,
      late
    }
  } finally {
    await Promise.all([observer?.stop(), reader.stop()])
    rmSync(snapshots, { force: true })
  }
}

/** Waits until so many rows are there. @throws BenchError `CHILD_FAILED`, `STALLED` */
async function stored(trail: Trail, rows: number, reader: Child, signal: AbortSignal): Promise<void> {
  for (const until = performance.now() + settleMs; ; ) {
    const there = await trail.number('SELECT count(*) FROM event_envelopes')
    if (there >= rows) return
    if (reader.hasEnded) throw reader.failure()
    if (performance.now() > until)
      throw new BenchError('STALLED', `${reader.name}: ${there} rows of ${rows} a minute later`)
    if (!(await pause(100, signal))) throw new BenchError('STALLED', 'interrupted')
  }
}

/** ms from when each event was due until its row was seen to be visible, ascending; of events due from `since` on. */
async function latenciesOf(trail: Trail, file: string, since: number) {
  const { rows } = await trail.client.query<[string, string]>({
    text: `SELECT xmin::text, (extract(epoch FROM occurred_at) * 1000000)::bigint::text FROM event_envelopes
      WHERE occurred_at >= to_timestamp($1)`,
    values: [since / 1_000],
    rowMode: 'array'
  })
  const looks = parseSnapshots(readFileSync(file, 'utf8'))
  const visible = visibleSince(
    looks,
    rows.map(([transaction]) => Number(transaction))
  )
  const latencies = new Float64Array(rows.length)
  let count = 0
  for (const [transaction, due] of rows) {
    const seen = visible.get(Number(transaction))
    if (seen !== undefined) latencies[count++] = seen - Number(due) / 1_000
  }
  const first = looks[0]?.at ?? 0
  const last = looks.at(-1)?.at ?? 0
  return { latencies: latencies.subarray(0, count).sort(), resolution: (last - first) / Math.max(1, looks.length - 1) }
}
