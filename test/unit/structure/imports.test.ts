import { readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect, test } from 'vitest'
import { cloneRoot } from '../../../dev/tools/folders.ts'
import { expectGenerated } from '../../support/project/docs.ts'
import { sourceFiles } from '../../support/project/sources.ts'

/**
 * Which room may import which, and which packages; nothing else is allowed. A new room is forbidden everywhere until it
 * is listed here. Rooms are in the order in which an envelope passes them.
 */
const allowed: Readonly<Record<string, { readonly rooms: readonly string[]; readonly packages: readonly string[] }>> = {
  core: { rooms: [], packages: [] },
  observability: { rooms: ['core'], packages: ['prom-client'] },
  proof: { rooms: ['core'], packages: [] },
  postgres: { rooms: ['core', 'observability'], packages: ['pg'] },
  schemas: { rooms: ['core'], packages: ['@kafkajs/confluent-schema-registry', 'avsc'] },
  kafka: { rooms: ['core', 'observability'], packages: ['kafkajs'] },
  connection: { rooms: ['core', 'schemas', 'kafka'], packages: [] },
  control: { rooms: ['core', 'kafka'], packages: [] },
  producers: { rooms: ['core', 'observability', 'schemas', 'kafka', 'connection'], packages: ['uuid'] },
  archive: { rooms: ['core'], packages: ['aws4fetch', 'hyparquet', 'hyparquet-writer'] },
  trail: {
    rooms: ['core', 'proof', 'postgres', 'schemas', 'kafka', 'connection', 'producers'],
    packages: ['pg-copy-streams']
  },
  consumers: {
    rooms: ['core', 'observability', 'postgres', 'schemas', 'kafka', 'connection', 'control'],
    packages: ['@opensearch-project/opensearch', 'nodemailer']
  },
  sink: {
    rooms: ['core', 'proof', 'observability', 'postgres', 'schemas', 'kafka', 'connection', 'trail'],
    packages: []
  },
  operations: {
    rooms: ['core', 'proof', 'postgres', 'schemas', 'kafka', 'control', 'archive', 'consumers', 'trail', 'sink'],
    packages: []
  },
  audit: {
    rooms: [
      'core',
      'proof',
      'observability',
      'postgres',
      'schemas',
      'kafka',
      'connection',
      'archive',
      'trail',
      'sink',
      'operations'
    ],
    packages: []
  },
  api: {
    rooms: [
      'core',
      'observability',
      'postgres',
      'schemas',
      'kafka',
      'connection',
      'producers',
      'trail',
      'consumers',
      'sink'
    ],
    packages: []
  },
  cli: {
    rooms: [
      'core',
      'observability',
      'postgres',
      'schemas',
      'kafka',
      'connection',
      'control',
      'producers',
      'archive',
      'trail',
      'consumers',
      'sink',
      'proof',
      'operations',
      'audit'
    ],
    packages: ['commander', 'pino', 'pino-pretty']
  }
}

/** Folders inside a room that have a door of their own: what loads a client or a library is asked for by name. */
const doorsInside = [
  'consumers/indexer',
  'consumers/notifier',
  'consumers/testing',
  'kafka/kafkajs',
  'observability/prometheus',
  'producers/bus',
  'schemas/catalogue'
]

/** Clients and libraries that one folder of their room loads. */
const folderOfPackage: Readonly<Record<string, string>> = {
  '@opensearch-project/opensearch': 'consumers/indexer/opensearch',
  aws4fetch: 'archive/store',
  hyparquet: 'archive/parquet',
  'hyparquet-writer': 'archive/parquet',
  kafkajs: 'kafka/kafkajs',
  nodemailer: 'consumers/notifier',
  'pg-copy-streams': 'trail/session',
  'prom-client': 'observability/prometheus'
}

/** Rooms that create a client of Kafka. Each takes `createKafkaClient` from it and nothing else: types are the port's. */
const createKafkaClients = ['producers', 'consumers', 'sink', 'cli']

const importLine = /(?:^|\n)(?:import|export)( type)? (?:([^'"]*?) from )?'([^']+)'|import\('([^']+)'\)/g

interface Import {
  readonly from: string
  readonly to: string
  readonly isType: boolean
  /** What is between the braces; undefined where all is imported. */
  readonly names: string | undefined
}

const files = sourceFiles(Object.keys(allowed))
const importsOf = (paths: readonly string[]): Import[] =>
  paths.flatMap(from =>
    [...readFileSync(join(cloneRoot, from), 'utf8').matchAll(importLine)].map(([, type, names, fixed, dynamic]) => {
      const target = fixed ?? dynamic ?? ''
      return {
        from,
        to: target.startsWith('.') ? normalize(join(dirname(from), target)) : target,
        isType: type !== undefined,
        names: names?.replace(/[{}\s]/g, '')
      }
    })
  )
const imports = importsOf(files)
// What never ships may import any room; doors and circles are the same for all.
const all = [...imports, ...importsOf(sourceFiles(['dev', 'examples']))]
/** The package of an import: with its scope. */
const packageOf = (to: string): string =>
  to
    .split('/')
    .slice(0, to.startsWith('@') ? 2 : 1)
    .join('/')
const isPath = (to: string): boolean => to.endsWith('.ts')
const roomOf = (path: string): string => path.split('/')[0] ?? ''
const holds = (folder: string, path: string): boolean => path.startsWith(`${folder}/`)

test('a room imports the rooms and packages that it is allowed, and no other', () => {
  const wrong = imports.filter(({ from, to }) => {
    const { rooms, packages } = allowed[roomOf(from)] ?? { rooms: [], packages: [] }
    if (isPath(to)) return roomOf(to) !== roomOf(from) && !rooms.includes(roomOf(to))
    return !to.startsWith('node:') && !packages.includes(packageOf(to))
  })
  expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([])
})

test('what a folder is there to hide is imported in that folder alone', () => {
  const wrong = imports.filter(({ from, to }) => {
    const folder = folderOfPackage[packageOf(to)]
    return folder !== undefined && !holds(folder, from)
  })
  expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([])
})

test('Kafka is known by its port: a room that creates a client takes nothing else from kafkajs', () => {
  const wrong = imports.filter(
    ({ from, to, names, isType }) =>
      holds('kafka/kafkajs', to) &&
      !holds('kafka/kafkajs', from) &&
      (isType || names !== 'createKafkaClient' || !createKafkaClients.includes(roomOf(from)))
  )
  expect(wrong.map(({ from, to, names }) => `${from} imports ${names} from ${to}`)).toEqual([])
})

test('a folder is entered through its index.ts', () => {
  const past = all.filter(({ from, to }) => {
    // A project of a user's, whose tests are next to its code.
    if (!isPath(to) || holds('test', to) || holds('examples/points', from)) return false
    const folder = dirname(to)
    if (folder === dirname(from) || holds(folder, from)) return false
    const parts = folder.split('/').map((_, index, all) => all.slice(0, index + 1).join('/'))
    const entered = parts.filter(part => !holds(part, from))
    const door = entered.findLast(part => doorsInside.includes(part)) ?? entered[0]
    return to !== `${door}/index.ts`
  })
  expect(past.map(({ from, to }) => `${from} imports ${to}`)).toEqual([])
})

test('no file imports itself by way of others, not even for types', () => {
  const graph = new Map<string, string[]>()
  for (const { from, to } of all) if (isPath(to)) graph.set(from, [...(graph.get(from) ?? []), to])
  expect(circleIn(graph)).toEqual([])
})

test('a folder has at most 15 files besides its index, tests and tools included', () => {
  const counts = new Map<string, number>()
  for (const file of [...files, ...sourceFiles(['dev', 'examples', 'test'])])
    if (!file.endsWith('/index.ts')) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1)
  expect([...counts].filter(([, count]) => count > 15)).toEqual([])
})

/** Files that may be longer, and why. */
const long: Readonly<Record<string, string>> = {
  'test/integration/trail/quarantine.test.ts': 'its tests follow one set of records from held to stored or discarded'
}

test('a file has at most 300 lines: divide a longer one where its subject changes', () => {
  const lines = (file: string) => readFileSync(join(cloneRoot, file), 'utf8').split('\n').length - 1
  const tooLong = [...files, ...sourceFiles(['dev', 'examples', 'test'])].filter(
    file => lines(file) > 300 && !Object.hasOwn(long, file)
  )
  expect(tooLong.map(file => `${file}: ${lines(file)} lines`)).toEqual([])
})

test('every room says at its door what it is for', () => {
  const silent = Object.keys(allowed).filter(
    room => !/^\/\*\*[\s*]+[A-Z]/.test(readFileSync(join(cloneRoot, room, 'index.ts'), 'utf8'))
  )
  expect(silent).toEqual([])
})

const start = '<!-- rooms: made from test/unit/structure/imports.test.ts -->\n'
const end = '<!-- end of rooms -->'

test('the diagram of rooms is that of the imports (UPDATE_DOCS=1 npm test -- test/unit/structure writes it)', () => {
  const arrows = new Set(
    imports
      .filter(({ from, to }) => isPath(to) && roomOf(from) !== roomOf(to))
      .map(({ from, to }) => `${roomOf(from)} --> ${roomOf(to)}`)
  )
  // An arrow that a longer way says already is left out: the picture has to be readable.
  const direct = [...arrows].filter(arrow => !isImplied(arrow, arrows)).sort()
  const diagram = `\`\`\`mermaid\nflowchart TD\n${direct.map(arrow => `  ${arrow}`).join('\n')}\n\`\`\`\n`
  expectGenerated('docs/architecture.md', start, end, diagram)
})

function circleIn(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>()
  const walk = (file: string, way: readonly string[]): string[] => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file]
    if (done.has(file)) return []
    for (const next of graph.get(file) ?? []) {
      const circle = walk(next, [...way, file])
      if (circle.length > 0) return circle
    }
    done.add(file)
    return []
  }
  for (const file of graph.keys()) {
    const circle = walk(file, [])
    if (circle.length > 0) return circle
  }
  return []
}

function isImplied(arrow: string, arrows: ReadonlySet<string>): boolean {
  const [from = '', to = ''] = arrow.split(' --> ')
  const next = (room: string) =>
    [...arrows].filter(each => each.startsWith(`${room} --> `)).map(each => each.split(' --> ')[1] ?? '')
  const reached = new Set<string>()
  const queue = next(from).filter(room => room !== to)
  for (const room of queue) {
    if (reached.has(room)) continue
    reached.add(room)
    queue.push(...next(room))
  }
  return reached.has(to)
}
