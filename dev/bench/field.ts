import type { CommandContext } from '../../cli/index.ts'
import type { CleanUps } from '../../core/index.ts'
import { findProgram } from '../stack/index.ts'
import type { Contender } from './contenders/index.ts'
import {
  ConnectWorker,
  CopyFiles,
  copyContender,
  type DebeziumMode,
  debeziumContender,
  naiveContender,
  sinkContender
} from './contenders/index.ts'
import { type FlatKind, FlatRecords, type Loaded, load, type RowOutput, type Shape, shapes } from './load/index.ts'
import { ensurePeerParts } from './peer-parts.ts'
import type { Servers } from './types.ts'

/** Our own in its variants: connections and processes. */
const ownVariants = [
  { name: 'sink-1', lanes: 1, processes: 1 },
  { name: 'sink-2', lanes: 2, processes: 1 },
  { name: 'sink-3', lanes: 3, processes: 1 },
  { name: 'sink-3-proved', lanes: 3, processes: 1, proved: true },
  { name: 'sink-2p', lanes: 2, processes: 2 }
] as const
const modes: readonly DebeziumMode[] = ['upsert', 'unnest', 'insert']
const debeziumVariants = modes.flatMap(mode =>
  [1, 2].map(tasks => ({ name: `debezium-${mode}-${tasks}`, mode, tasks }))
)
/** Lanes with which the other shapes are measured. */
export const lanesForShapes = 3
const otherShapes = [shapes.large, shapes['many-names'], shapes.duplicates, shapes.poison]

/** All contenders, in the order of their turns. */
export const contenderNames: readonly string[] = [
  ...ownVariants.map(({ name }) => name),
  ...['copy-1', 'copy-2'],
  ...debeziumVariants.map(({ name }) => name),
  'naive',
  ...otherShapes.map(({ name }) => name)
]

/** Who is measured. */
export interface Field {
  readonly contenders: readonly Contender[]
  /** Run once each before the first turn, unmeasured. */
  readonly warmUps: readonly Contender[]
  /** What is in Kafka. */
  readonly loads: readonly Loaded[]
}

export interface AssembleOptions {
  readonly context: CommandContext
  readonly servers: Servers
  readonly cleanUps: CleanUps
  readonly rows: number
  /** Default: all of them. */
  readonly only?: readonly string[] | undefined
}

/** Loads the records and starts the peers, as far as they are needed. */
export async function assemble({ context, servers, cleanUps, rows, only }: AssembleOptions): Promise<Field> {
  const { say, signal } = context
  const wanted = contenderNames.filter(name => !only || only.includes(name))
  const wants = (part: string) => wanted.some(name => name.startsWith(part))
  const parts = wants('debezium')
    ? await ensurePeerParts({ say, signal, logs: servers.logs, adopt: servers.adopt })
    : undefined

  const files = new CopyFiles(servers.scratch, rows)
  const flat = parts
    ? await openFlat(servers, wants('debezium-unnest'), wants('debezium-upsert') || wants('debezium-insert'))
    : []
  const loadShape = (shape: Shape, records: number, outputs: readonly RowOutput[] = []): Promise<Loaded> => {
    say(`loading ${records.toLocaleString('en')} records: ${shape.about}`)
    return load({ ...servers, shape, records, outputs, signal })
  }
  const plain = await loadShape(shapes.plain, rows, [files, ...flat])
  files.close()
  await Promise.all(flat.map(output => output.close()))

  const contenders: Contender[] = [
    ...ownVariants.map(variant => sinkContender({ ...variant, loaded: plain })),
    ...([1, 2] as const).map(connections =>
      copyContender({ loaded: plain, files: files.files, connections, psql: findProgram('psql') })
    )
  ]
  const warmUps: Contender[] = []
  if (parts) {
    say('starting Kafka Connect')
    const worker = await ConnectWorker.start(servers, parts, signal)
    cleanUps.add(() => worker.child.stop())
    const peers = debeziumVariants.map(({ mode, tasks }) => debeziumContender({ loaded: plain, mode, tasks, worker }))
    contenders.push(...peers)
    warmUps.push(...peers.filter(({ name }) => name.endsWith('-2') && wanted.includes(name)))
  }
  contenders.push(naiveContender(plain))
  const loads = [plain]
  for (const shape of otherShapes) {
    if (!wanted.includes(shape.name)) continue
    const loaded = await loadShape(shape, Math.round(rows * shape.share))
    loads.push(loaded)
    contenders.push(sinkContender({ name: shape.name, loaded, lanes: lanesForShapes }))
  }
  return { contenders: contenders.filter(({ name }) => wanted.includes(name)), warmUps, loads }
}

async function openFlat(servers: Servers, typed: boolean, plain: boolean): Promise<FlatRecords[]> {
  const kinds: FlatKind[] = [...(plain ? (['plain'] as const) : []), ...(typed ? (['typed'] as const) : [])]
  const partitions = shapes.plain.events.length * shapes.plain.partitions
  return await Promise.all(kinds.map(kind => FlatRecords.open(servers, kind, partitions)))
}
