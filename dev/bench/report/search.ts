import { table, whole } from '../../tools/index.ts'
import type { ExportMeasured } from '../search/index.ts'
import type { Circumstances } from '../types.ts'
import type { Goal } from './goal.ts'
import { circumstancesText, fixed, goalTable, megabytes } from './parts.ts'

/** How long one kind of question takes, in ms. */
export interface SearchQuestion {
  readonly name: string
  readonly label: string
  /** Without the search indexes, the median. */
  readonly without: number
  readonly p50: number
  readonly p99: number
}

/** A trail of one size. */
export interface SearchSize {
  readonly rows: number
  readonly buildSeconds: number
  /** Bytes of all indexes, without the search indexes and with them. */
  readonly indexBytes: { readonly before: number; readonly after: number }
  readonly questions: readonly SearchQuestion[]
  /** `trail export` of all rows as NDJSON, without the search indexes being of use. */
  readonly exported: ExportMeasured
}

export interface SearchResults extends Circumstances {
  readonly months: number
  /** The smallest first. */
  readonly sizes: readonly SearchSize[]
}

/** Questions that have to be quick. */
const quick = ['aggregate', 'person', 'newest']

export function searchGoals({ sizes }: Pick<SearchResults, 'sizes'>): Goal[] {
  const [small, ...larger] = sizes
  const find = (size: SearchSize | undefined, name: string) => size?.questions.find(question => question.name === name)
  const atMost = (what: string, value: number, most: number, wanted: string): Goal => ({
    ...{ what, wanted, reached: `${value.toFixed(1)} ms` },
    ok: value <= most
  })
  return [
    ...quick.flatMap(name => {
      const found = find(small, name)
      if (!small || !found) return []
      const what = `${found.label}, ${whole(small.rows)} rows`
      return [
        atMost(`${what}, p50`, found.p50, 5, 'at most 5 ms'),
        atMost(`${what}, p99`, found.p99, 50, 'at most 50 ms')
      ]
    }),
    ...exportGoals(small),
    ...larger.flatMap(size =>
      quick.flatMap(name => {
        const [found, before] = [find(size, name), find(small, name)]
        if (!found || !before) return []
        const most = 2 * before.p50
        return [
          atMost(
            `${found.label}, ${whole(size.rows)} rows, p50`,
            found.p50,
            most,
            `at most twice that of ${whole(small?.rows ?? 0)} rows, ${most.toFixed(1)} ms`
          )
        ]
      })
    )
  ]
}

function exportGoals(size: SearchSize | undefined): Goal[] {
  if (!size) return []
  const { rows, exported } = size
  const [rate, peak] = [rows / exported.seconds, exported.peakMemory / 2 ** 20]
  const what = `export of ${whole(rows)} rows as NDJSON`
  return [
    { what: `${what}, rows/s`, wanted: 'at least 50,000', reached: whole(rate), ok: rate >= 50_000 },
    { what: `${what}, peak memory`, wanted: 'at most 150 MB', reached: `${peak.toFixed(0)} MB`, ok: peak <= 150 }
  ]
}

/** The part of the page about questions to the trail. */
export function searchPart(search: SearchResults): string[] {
  return [
    '## Questions to the trail',
    `ms until Postgres has answered with a page of 51 rows, over a warm cache, of rows in ${search.months} months. Without the search indexes: the median of 5; with them: of 200, each with other values. \`npm run bench -- search\`, and \`--large 10000000\` for a second size.`,
    goalTable(searchGoals(search)),
    ...search.sizes.flatMap(({ rows, buildSeconds, indexBytes, questions, exported }) => [
      `### ${whole(rows)} rows`,
      table(
        ['', 'without the search indexes', 'p50', 'p99'],
        questions.map(({ label, without, p50, p99 }) => [label, ...[without, p50, p99].map(fixed(1))])
      ),
      `Building the search indexes took ${fixed(0)(buildSeconds)} s. All indexes together have ${megabytes(indexBytes.before)} MB without them and ${megabytes(indexBytes.after)} MB with them.`,
      `\`trail export\` of all rows as NDJSON, its start included: ${whole(rows / exported.seconds)} rows/s, ${fixed(1)((exported.processor / rows) * 1e6)} s of processor time a million, at most ${megabytes(exported.peakMemory)} MB.`
    ]),
    circumstancesText(search)
  ]
}
