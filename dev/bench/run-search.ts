import { setTimeout as delay } from 'node:timers/promises'
import { type CommandContext, type ExitCode, exitCodes } from '../../cli/index.ts'
import { openPool, type Pool } from '../../postgres/index.ts'
import { buildSearchIndexes, makeMonthsSince, questionSql } from '../../trail/index.ts'
import { Trail } from './database.ts'
import { percentile, type SearchResults, type SearchSize, searchGoals, writeReport } from './report/index.ts'
import { type BenchQuestion, benchQuestions, fillStatements, meanings, measureExport, months } from './search/index.ts'
import { circumstances, withServers } from './servers.ts'
import type { Durability, Servers } from './types.ts'

export interface SearchBenchOptions {
  readonly rows: number
  /** Of a second, larger trail; 0: none. */
  readonly large: number
  readonly quick?: boolean
  readonly json?: boolean
}

/** Rows of a page, and one to see whether there is another. */
const limit = 51
const times = { without: 5, warm: 20, with: 200 }
const quickTimes = { without: 1, warm: 2, with: 10 }
const quickRows = 20_000

/** How long questions to the trail take, without and with the search indexes. */
export async function benchSearch(context: CommandContext, given: SearchBenchOptions): Promise<ExitCode> {
  const sizes = given.quick ? [quickRows] : [given.rows, ...(given.large > 0 ? [given.large] : [])]
  return await withServers(context, async servers => {
    const measured: SearchSize[] = []
    let durability: Durability = {}
    for (const rows of sizes) {
      await using trail = await Trail.make(servers.databaseUrl, `search_${rows}`)
      durability = await trail.durability()
      const pool = openPool(trail.url, { applicationName: 'bench', max: 3, settings: { jit: 'off' } })
      try {
        const size = await measureSize(
          given.json ? { ...context, out: context.say } : context,
          servers,
          trail,
          pool,
          rows,
          given.quick ? quickTimes : times
        )
        if (size === undefined) return exitCodes.interrupted
        measured.push(size)
      } finally {
        await pool.end()
      }
    }
    const results: SearchResults = { ...(await circumstances(servers, durability)), months, sizes: measured }
    if (given.json) context.out(JSON.stringify(results))
    else
      for (const { what, wanted, reached, ok } of searchGoals(results))
        context.out(`${ok ? '✓' : '✗'}  ${what}: ${reached} (${wanted})`)
    if (!given.quick) context.say(`written: ${writeReport({ search: results }).join(', ')}`)
    return exitCodes.ok
  })
}

type Times = typeof times

async function measureSize(
  context: CommandContext,
  servers: Servers,
  trail: Trail,
  pool: Pool,
  rows: number,
  many: Times
): Promise<SearchSize | undefined> {
  const { out, say, signal } = context
  const filled = await fill(context, trail, pool, rows)
  if (filled === undefined) return undefined
  const bytes = () =>
    trail.number("SELECT sum(pg_indexes_size(relid)) FROM pg_partition_tree('event_envelopes') WHERE isleaf")
  const before = await bytes()
  const questions = benchQuestions({ rows, ...filled })
  const without: number[] = []
  for (const question of questions) {
    if (signal.aborted) return undefined
    without.push(percentile(await ask(pool, question, many.without), 0.5))
  }
  const began = performance.now()
  const onProgress = (words: string) => say(`bench search: ${words}`)
  if ((await buildSearchIndexes({ pool, signal, onProgress })) === undefined) return undefined
  const buildSeconds = (performance.now() - began) / 1_000
  await trail.rows('VACUUM ANALYZE event_envelopes')
  const measured: SearchSize['questions'][number][] = []
  for (const [index, question] of questions.entries()) {
    if (signal.aborted) return undefined
    await ask(pool, question, many.warm)
    const taken = await ask(pool, question, many.with)
    const each = {
      ...{ name: question.name, label: question.label },
      ...{ without: without[index] ?? Number.NaN, p50: percentile(taken, 0.5), p99: percentile(taken, 0.99) }
    }
    measured.push(each)
    const ms = (value: number) => value.toFixed(1).padStart(8)
    out(
      `${rows.toLocaleString('en')} rows  ${question.name.padEnd(13)} without ${ms(each.without)} ms, with p50 ${ms(each.p50)} ms, p99 ${ms(each.p99)} ms`
    )
  }
  const exported = await measureExport(servers, trail, signal)
  if (signal.aborted) return undefined
  const { seconds, processor, peakMemory } = exported
  out(
    `${rows.toLocaleString('en')} rows  export ${Math.round(rows / seconds).toLocaleString('en')} rows/s, ${((processor / rows) * 1e6).toFixed(1)} s of processor time a million, peak ${Math.round(peakMemory / 2 ** 20)} MB`
  )
  return { rows, buildSeconds, indexBytes: { before, after: await bytes() }, questions: measured, exported }
}

/** @returns the times of the first event and the last, ms since 1970; undefined when it was interrupted */
async function fill({ say, signal }: CommandContext, trail: Trail, pool: Pool, rows: number) {
  const now = new Date()
  const since = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months + 1))
  await makeMonthsSince(pool, since, now)
  const [first, last] = [since.getTime(), now.getTime()]
  let said = performance.now()
  for (const { text, upTo } of fillStatements(rows)) {
    if (signal.aborted) return undefined
    await trail.rows(text, [rows, first, last - first])
    if (performance.now() - said < 5_000) continue
    said = performance.now()
    say(`bench search: ${upTo.toLocaleString('en')} of ${rows.toLocaleString('en')} rows`)
  }
  await trail.rows('VACUUM ANALYZE event_envelopes')
  await trail.rows('CHECKPOINT')
  await delay(200)
  return { first, last }
}

/** ms of each, ascending. */
async function ask(pool: Pool, { ask }: BenchQuestion, count: number): Promise<number[]> {
  const taken: number[] = []
  for (let n = 1; n <= count; n += 1) {
    const { question, after } = ask(n)
    const { text, values } = questionSql(question, meanings, { after, limit })
    const began = performance.now()
    await pool.query(text, values)
    taken.push(performance.now() - began)
  }
  return taken.sort((one, other) => one - other)
}
