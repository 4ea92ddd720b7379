import { table, whole } from '../../tools/index.ts'
import { consumePart } from './consume-page.ts'
import { circumstancesText, fixed, goalTable, megabytes, percent, spreadText } from './parts.ts'
import type { GrowthResults, LatencyResults, Results, SinkResults, Summary } from './results.ts'
import { bestOf, goalsOf, growthGoals, latencyGoals } from './results.ts'
import { searchPart } from './search.ts'

/** The page: docs/benchmarks.md. */
export function page(results: Results): string {
  const { sink, latency, growth, consume, search } = results
  return [
    '# Benchmarks',
    'Written by `npm run bench`; do not edit. The same numbers for programs are in [benchmarks.json](benchmarks.json). The benchmark brings its own servers and peers, runs on one machine, and measures all contenders in turns, A B C A B C …, so that what disturbs the machine disturbs all of them. A run of eventtrail whose table, duplicates, quarantine or ledger do not add up fails the benchmark.',
    'Numbers are medians of all turns, with minimum and maximum in brackets.',
    ...(sink ? sinkPart(sink) : []),
    ...(latency ? latencyPart(latency) : []),
    ...(growth ? growthPart(growth) : []),
    ...(consume ? consumePart(consume) : []),
    ...(search ? searchPart(search) : [])
  ]
    .join('\n\n')
    .concat('\n')
}

function sinkPart(sink: SinkResults): string[] {
  const main = sink.summaries.filter(({ name }) => !isShape(sink, name))
  const others = sink.summaries.filter(({ name }) => isShape(sink, name))
  const upsert = bestOf(main, 'debezium-upsert')
  const unnest = bestOf(main, 'debezium-unnest')
  const limit = main.find(({ name }) => name === 'copy-2')
  const beside = [upsert, unnest, limit].filter(each => each !== undefined)
  const base = sink.summaries.find(({ name }) => name === 'sink-3')
  return [
    '## From Kafka into Postgres',
    '![Rows a second, processor time and memory of all contenders](benchmarks.svg)',
    `${whole(sink.rows)} records (${sink.shapes[0]?.about}; ${sink.shapes[0]?.valueBytes} bytes a value on average), ${sink.turns} turns each. \`npm run bench -- sink --rows ${sink.rows} --turns ${sink.turns}\``,
    '### Held against its goals',
    goalTable(goalsOf(sink)),
    '### Rows a second',
    'From the first rows stored to the last, so that no start of a process counts; the second half is when everything is warm. The ratios are of the same turn: to Debezium’s upsert and UNNEST upsert with the number of tasks that served it best, and to raw COPY with two connections.',
    table(
      ['', 'rows/s', 'second half', ...beside.map(({ name }) => `× ${name}`)],
      main.map(each => [
        `${each.label} (\`${each.name}\`)`,
        spreadText(each.rowsPerSecond, whole),
        spreadText(each.secondHalf, whole),
        ...beside.map(({ name }) => ratioText(each, name))
      ])
    ),
    '### What it takes',
    'Processor seconds per million rows, over the second half of the rows: the start of a JVM or of Node is left out. *Own* is the contender’s processes with all their threads, *Postgres* all backends and background processes, *broker* the Kafka JVM. Memory is the most that was resident in the contender’s processes; of several, the sum.',
    table(
      ['', 'own', 'own, whole run', 'Postgres', 'broker', 'cores busy', 'peak memory, MB'],
      main.map(each => [
        each.label,
        spreadText(each.client, fixed(1)),
        spreadText(each.clientWhole, fixed(1)),
        spreadText(each.postgres, fixed(1)),
        spreadText(each.broker, fixed(1)),
        spreadText(each.busy, percent),
        spreadText(each.peakMemory, megabytes)
      ])
    ),
    ...(others.length > 0 && base
      ? [
          '### Other events',
          `The sink with the connections of \`sink-3\`, and its rows a second over those of \`sink-3\` in the same turn.`,
          table(
            [
              '',
              'rows/s',
              '× `sink-3`',
              'own CPU s per million',
              'peak memory, MB',
              'stored',
              'duplicates',
              'quarantined'
            ],
            others.map(each => {
              const shape = sink.shapes.find(({ name }) => name === each.name)
              return [
                `\`${each.name}\`: ${shape?.about} (${shape?.valueBytes} bytes a value)`,
                spreadText(each.rowsPerSecond, whole),
                ratioText(each, base.name),
                spreadText(each.client, fixed(1)),
                spreadText(each.peakMemory, megabytes),
                whole(shape?.expected.rows ?? 0),
                whole(shape?.expected.duplicates ?? 0),
                whole(shape?.expected.quarantined ?? 0)
              ]
            })
          )
        ]
      : []),
    '### What is compared',
    [
      '- Every turn gets a new database with the tables and monthly partitions of the trail, after a CHECKPOINT; all contenders write into the same kind of table with the same indexes, under the same durability.',
      '- **Debezium gets the easier job**: a flat record with the payload as ready JSON text (its sink takes no nested one), from one topic with as many partitions as the three event names have together. It keeps no offsets in Postgres, so it is not exactly once: upsert survives a redelivery, insert stops at it. Neither isolates a bad row.',
      '- **Debezium gets its warm-up**: one Kafka Connect worker runs through all turns, and each mode stores everything once, unmeasured, before the first. Heap and collector are those of Kafka’s own start script; batches are larger than its defaults. UNNEST needs fields of Debezium’s semantic types, and gets them; the other modes read plain ones. All settings are in [dev/bench/contenders/peers](https://github.com/eventtrail/eventtrail/blob/main/dev/bench/contenders/peers).',
      '- **Raw COPY is the limit**: the same rows as text files, nothing read from Kafka, decoded, counted or recorded. With two connections each copies one half.',
      '- **The naive loop** consumes with kafkajs, decodes, and sends one INSERT per record.',
      '- The end of Debezium’s run is when its table stopped growing; its rows are counted after that, because counting slows down the writes.'
    ].join('\n'),
    circumstancesText(sink)
  ]
}

const isShape = ({ shapes }: SinkResults, name: string): boolean => shapes.some(shape => shape.name === name)

const ratioText = ({ name, ratios }: Summary, other: string): string => {
  const ratio = ratios[other]
  return name === other || !ratio ? '' : spreadText(ratio, fixed(2))
}

function latencyPart(latency: LatencyResults): string[] {
  return [
    '## From publish to committed row',
    `ms from when an event was due to be published until its row was visible to others. Even rates, ${latency.turns} turns of ${latency.seconds} s each after a warm-up. An observer of its own asks Postgres every ${latency.resolutionMs.toFixed(1)} ms on average which transactions are done and counts from its answer, so that no figure is too good; what the publisher is late counts as well. \`npm run bench -- latency\``,
    goalTable(latencyGoals(latency)),
    table(
      ['', 'events/s', 'p50', 'p90', 'p99', 'max'],
      latency.summaries.map(({ label, rate, p50, p90, p99, max }) => [
        label,
        whole(rate),
        ...[p50, p90, p99, max].map(spread => spreadText(spread, fixed(1)))
      ])
    ),
    circumstancesText(latency)
  ]
}

function growthPart(growth: GrowthResults): string[] {
  const { cases, size, catchUp, lanes } = growth
  return [
    '## How the cost grows',
    `The sink with ${lanes} connections in one process. \`npm run bench -- growth\``,
    goalTable(growthGoals(growth)),
    `### Event names and partitions`,
    `${whole(growth.rows)} records each, ${growth.turns} turns.`,
    table(
      ['', 'rows/s', '× `names-3`', 'own CPU s per million', 'Postgres', 'peak memory, MB'],
      cases.map(each => [
        `\`${each.name}\`: ${each.label}`,
        spreadText(each.rowsPerSecond, whole),
        ratioText(each, 'names-3'),
        spreadText(each.client, fixed(1)),
        spreadText(each.postgres, fixed(1)),
        spreadText(each.peakMemory, megabytes)
      ])
    ),
    '### Size of the table',
    table(
      ['rows in the table', 'rows/s of the last step', 'memory, MB'],
      size.map(({ rows, rowsPerSecond, memory }) => [whole(rows), whole(rowsPerSecond), megabytes(memory)])
    ),
    `Catching up with a lag of ${whole(catchUp.rows)} rows takes ${catchUp.seconds.toFixed(1)} s from the start of the process (${whole(catchUp.rows / catchUp.seconds)} rows/s), with ${megabytes(catchUp.peakMemory)} MB at peak.`,
    '### What bends the curves',
    [
      '- **Size of the table**: ids are UUIDv7, so that the primary key grows at its right end, and only the index on the event name, of which there are few distinct values, is written all over. Checkpoints show as slower steps: the first change of a page after one writes the whole page to the log.',
      '- **Partitions**: a fetch brings the batches of all partitions of the broker, and rows of many partitions share a COPY. One partition is one lane: there is nothing to spread, and connections stay idle. Many partitions cost a row each in the offsets and the ledger with every commit.',
      '- **Event names**: many names are many topics and partitions. Each brings fewer records with a fetch, and has offsets to be placed before its first record. A fetch then brings the whole of a few partitions, one after the other, and not a little of all: ids come far out of the order in which they were made, and Postgres takes rows in random order of their ids for half as much again as in order.',
      '- **Memory** follows what may wait for the lanes, not the size of the table or of the lag: when the lanes are full, fetching stops.'
    ].join('\n'),
    circumstancesText(growth)
  ]
}
