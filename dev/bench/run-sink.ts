import { type CommandContext, type ExitCode, exitCodes } from '../../cli/index.ts'
import { UsageError } from '../../core/index.ts'
import type { Contender, Measured } from './contenders/index.ts'
import { Trail } from './database.ts'
import { BenchError } from './errors.ts'
import { assemble, contenderNames, type Field } from './field.ts'
import { type SinkResults, spreadOf, summarise, writeReport } from './report/index.ts'
import { circumstances, withServers } from './servers.ts'
import type { Durability, Servers } from './types.ts'

export interface SinkBenchOptions {
  readonly rows: number
  readonly turns: number
  /** Few rows, one turn, nothing written. */
  readonly quick?: boolean
  /** Names of contenders, comma-separated. Then nothing is written either. */
  readonly only?: string
}

const quickRows = 20_000

/** Measures all contenders in turns; 0 when all stored what they had to. */
export async function benchSink(context: CommandContext, given: SinkBenchOptions): Promise<ExitCode> {
  const only = wantedNames(given.only)
  const options = given.quick ? { ...given, rows: Math.min(given.rows, quickRows), turns: 1 } : given
  return await withServers(context, async (servers, cleanUps) => {
    const field = await assemble({ context, servers, cleanUps, rows: options.rows, only })
    const measured = await takeTurns(context, servers, field, options.turns)
    if (context.signal.aborted) return exitCodes.interrupted
    for (const line of proofLines(measured)) context.out(line)
    if (!given.quick && !given.only) {
      const files = writeReport({ sink: await resultsOf(servers, field, measured, options) })
      context.out(`written: ${files.join(', ')}`)
    }
    return exitCodes.ok
  })
}

async function resultsOf(
  servers: Servers,
  { contenders, loads }: Field,
  measured: readonly Measured[],
  { rows, turns }: SinkBenchOptions
): Promise<SinkResults> {
  const references = contenders.filter(({ kind }) => kind !== 'naive').map(({ name }) => name)
  return {
    ...(await circumstances(servers, measured[0]?.durability ?? {})),
    rows,
    turns,
    summaries: summarise(contenders, measured, references),
    shapes: loads.map(({ shape, expected, bytes, records }) => ({
      name: shape.name,
      about: shape.about,
      expected: {
        rows: expected.rows,
        duplicates: expected.duplicates,
        quarantined: expected.undecodable + expected.refused
      },
      valueBytes: Math.round(bytes / records)
    }))
  }
}

function wantedNames(only: string | undefined): readonly string[] | undefined {
  const wanted = only?.split(',').map(name => name.trim())
  const unknown = wanted?.filter(name => !contenderNames.includes(name)) ?? []
  if (unknown.length === 0) return wanted
  throw new UsageError(`--only: there is no ${unknown.join(', ')}; there are ${contenderNames.join(', ')}`)
}

/** A B C A B C …: what disturbs the machine for a while disturbs all of them. */
async function takeTurns(context: CommandContext, servers: Servers, field: Field, turns: number): Promise<Measured[]> {
  for (const contender of field.warmUps) {
    context.say(`warming up ${contender.name}`)
    await takeTurn(context, servers, contender, 0)
  }
  const measured: Measured[] = []
  for (let turn = 1; turn <= turns; turn += 1) {
    for (const contender of field.contenders) {
      if (context.signal.aborted) return measured
      const result = await takeTurn(context, servers, contender, turn)
      requireSame(measured[0]?.durability, result.durability, contender.name)
      if (measured.length === 0) {
        const settings = Object.entries(result.durability).map(([name, value]) => `${name}=${value}`)
        context.out(`Postgres for all contenders: ${settings.join(', ')}`)
      }
      measured.push(result)
      context.out(turnLine(turn, result))
    }
  }
  return measured
}

async function takeTurn(
  context: CommandContext,
  servers: Servers,
  contender: Contender,
  turn: number
): Promise<Measured> {
  const id = `bench_${contender.name.replaceAll('-', '_')}_${turn}`
  await using trail = await Trail.make(servers.databaseUrl, id)
  const durability = await trail.durability()
  const result = await contender.run({ servers, trail, id, signal: context.signal })
  return { ...result, contender: contender.name, durability }
}

/** @throws BenchError `SETTINGS_DIFFER` */
function requireSame(first: Durability | undefined, now: Durability, who: string): void {
  const changed = Object.keys(now).filter(name => first && first[name] !== now[name])
  const weak = ['fsync', 'full_page_writes', 'synchronous_commit'].filter(name => now[name] !== 'on')
  const wrong = [...changed, ...weak]
  if (wrong.length > 0) throw new BenchError('SETTINGS_DIFFER', `${who} ran with other settings: ${wrong.join(', ')}`)
}

/** What the proof costs: medians with it, in parts of those without. */
function proofLines(measured: readonly Measured[]): string[] {
  const of = (name: string) => measured.filter(({ contender }) => contender === name)
  const [bare, proved] = [of('sink-3'), of('sink-3-proved')]
  if (bare.length === 0 || proved.length === 0) return []
  const ratio = (figure: (turn: Measured) => number) => {
    const [one, other] = [proved, bare].map(turns => spreadOf(turns.map(figure))?.median ?? Number.NaN)
    return ((one as number) / (other as number)).toFixed(3)
  }
  const client = ratio(({ figures }) => figures.whole.client)
  const postgres = ratio(({ figures }) => figures.whole.postgres)
  const rows = ratio(({ figures }) => figures.whole.rowsPerSecond)
  return [`with the proof, in parts of without: ${rows} rows/s, processor time ${client} client, ${postgres} Postgres`]
}

function turnLine(turn: number, { contender, figures, peakMemory, seconds }: Measured): string {
  const { whole, half } = figures
  const perMillion = `${half.client.toFixed(1)} + ${half.postgres.toFixed(1)} + ${half.broker.toFixed(1)}`
  return [
    `turn ${turn}  ${contender.padEnd(18)} ${Math.round(whole.rowsPerSecond).toLocaleString('en').padStart(8)} rows/s`,
    `second half ${Math.round(half.rowsPerSecond).toLocaleString('en')}`,
    `CPU s per million there: client + Postgres + broker ${perMillion} (client over the whole run ${whole.client.toFixed(1)})`,
    `busy ${Math.round(half.busy * 100)} %`,
    `peak ${Math.round(peakMemory / 2 ** 20)} MB`,
    `${seconds.toFixed(1)} s`
  ].join(', ')
}
