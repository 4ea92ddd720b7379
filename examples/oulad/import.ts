import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { connectionOf, loadConfig } from '../../cli/index.ts'
import { ConfigError, describeError, UsageError } from '../../core/index.ts'
import { createProducer, type EventToPublish, type Producer, PublishError } from '../../producers/index.ts'
import { catalogue, type Events } from '../../schemas/catalogue/index.ts'
import { readRows, tableFile } from './csv.ts'
import {
  badgeAwarded,
  lessonPublished,
  presentationKey,
  presentationOf,
  quizSubmitted,
  RefusedRow,
  type Row,
  type Tables
} from './events.ts'

const help = `Publishes the Open University Learning Analytics Dataset as events.

  node examples/oulad/import.ts DIR [--json]

DIR holds courses, assessments, vle, studentAssessment and studentInfo as .csv or .csv.gz.
KAFKA_BROKERS, SCHEMA_REGISTRY_URL and TOPIC_PREFIX say where to; \`eventtrail stack env\` prints them.
Run \`eventtrail schemas register --example\` before. A second run publishes the same ids: the trail stores nothing twice.

Exits with 0 when every row is published, 1 when some were refused, 2 when called wrongly, 3 when a server fails.`

interface Source {
  readonly table: string
  readonly columns: readonly string[]
  /** Undefined: the row is no event, and is not meant to be one. */
  readonly toEvent: (row: Row, tables: Tables) => EventToPublish<Events> | undefined
}

const presentation = ['code_module', 'code_presentation']
const sources: readonly Source[] = [
  { table: 'vle', columns: [...presentation, 'id_site', 'activity_type'], toEvent: lessonPublished },
  {
    table: 'studentAssessment',
    columns: ['id_assessment', 'id_student', 'date_submitted', 'score'],
    toEvent: quizSubmitted
  },
  { table: 'studentInfo', columns: [...presentation, 'id_student', 'final_result'], toEvent: badgeAwarded }
]
const rowsBetweenPauses = 100
const progressEveryMs = 2_000

const say = (line: string): void => void process.stderr.write(`${line}\n`)

/** Published and refused so far, and what stopped the import. */
class Tally {
  readonly published = new Map<string, number>()
  refused = 0
  failed = 0
  fault: unknown

  count(eventName: string): void {
    this.published.set(eventName, (this.published.get(eventName) ?? 0) + 1)
  }

  get total(): number {
    return [...this.published.values()].reduce((sum, each) => sum + each, 0)
  }
}

async function loadTables(folder: string): Promise<Tables> {
  const presentations = new Map()
  for await (const { row } of readRows(tableFile(folder, 'courses'), [...presentation, 'module_presentation_length'])) {
    const found = presentationOf(row)
    presentations.set(presentationKey(found.module, found.name), found)
  }
  const assessments = new Map<string, string>()
  for await (const { row } of readRows(tableFile(folder, 'assessments'), [...presentation, 'id_assessment']))
    assessments.set(row.id_assessment ?? '', presentationKey(row.code_module ?? '', row.code_presentation ?? ''))
  return { presentations, assessments }
}

async function publishTable(producer: Producer<Events>, folder: string, source: Source, tables: Tables, tally: Tally) {
  const file = tableFile(folder, source.table)
  let rows = 0
  for await (const { row, line } of readRows(file, source.columns)) {
    if (tally.fault !== undefined) return
    rows += 1
    // The buffer is bounded: this waits while Kafka is slower, and memory stays flat.
    if (rows % rowsBetweenPauses === 0) await producer.ready()
    try {
      const event = source.toEvent(row, tables)
      if (!event) continue
      producer.publish(event.eventName, event.aggregateId, event.payload, event).then(
        () => tally.count(event.eventName),
        error => {
          tally.failed += 1
          tally.fault ??= error
        }
      )
    } catch (error) {
      if (!(error instanceof RefusedRow)) throw error
      tally.refused += 1
      say(`${basename(file)}, line ${line}: ${error.message}`)
    }
  }
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    allowPositionals: true
  })
  if (values.help) {
    process.stdout.write(`${help}\n`)
    return 0
  }
  const [folder] = positionals
  if (folder === undefined || positionals.length > 1)
    throw new UsageError('Name one folder, the one that holds the files. --help shows more')
  const config = loadConfig()
  const tables = await loadTables(folder)
  for (const { table } of sources) tableFile(folder, table)

  await using producer = createProducer({
    connection: connectionOf(config),
    topicPrefix: config.get('topicPrefix'),
    catalogue,
    source: 'oulad-import',
    versions: { 'lesson.published': 2 },
    buffer: { maxRecords: 20_000 }
  })
  await producer.start()
  const started = performance.now()
  const tally = new Tally()
  const progress = setInterval(() => say(`${tally.total.toLocaleString('en')} events published`), progressEveryMs)
  try {
    for (const source of sources) await publishTable(producer, folder, source, tables, tally)
  } finally {
    await producer.drain()
    clearInterval(progress)
  }
  report(tally, performance.now() - started, values.json === true)
  if (tally.fault !== undefined) {
    say(`stopped, ${tally.failed} events were not acknowledged: ${describeError(tally.fault)}`)
    const setUp = tally.fault instanceof PublishError && /UNREGISTERED|TOPIC_UNKNOWN/.test(tally.fault.code)
    return setUp ? 2 : 3
  }
  return tally.refused > 0 ? 1 : 0
}

function report(tally: Tally, ms: number, asJson: boolean): void {
  const { refused, published, total } = tally
  if (asJson) {
    process.stdout.write(`${JSON.stringify({ published: Object.fromEntries(published), total, refused })}\n`)
    return
  }
  for (const [eventName, count] of published)
    process.stdout.write(`${eventName.padEnd(18)}${count.toLocaleString('en').padStart(8)}\n`)
  process.stdout.write(`${'published'.padEnd(18)}${total.toLocaleString('en').padStart(8)}`)
  process.stdout.write(` in ${(ms / 1_000).toFixed(1)} s, ${refused.toLocaleString('en')} rows refused\n`)
}

try {
  process.exitCode = await main()
} catch (error) {
  const usage = error instanceof UsageError || error instanceof ConfigError || isParseError(error)
  say(describeError(error))
  process.exitCode = usage ? 2 : 3
}

function isParseError(error: unknown): boolean {
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
}
