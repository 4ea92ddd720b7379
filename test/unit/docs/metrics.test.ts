import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cloneRoot } from '../../../dev/tools/folders.ts'
import { expectGenerated, page } from '../../support/project/docs.ts'
import { metrics } from '../../support/project/metrics.ts'

const code = (text: string): string => `\`${text}\``
const { text } = page('docs/metrics.md')

function metricsTable(): string {
  const rows = Object.entries(metrics).map(([name, { type, labels, unit, help }]) =>
    [code(name), type, Object.keys(labels).map(code).join(', '), unit, help.replaceAll('|', '\\|')].join(' | ')
  )
  const head = ['| name | type | labels | unit | what it is |', '|---|---|---|---|---|']
  return [...head, ...rows.map(row => `| ${row} |`.replace(/ {2,}/g, ' '))].join('\n')
}

const start = '<!-- metrics: made from the metrics.ts of each room -->\n'
const end = '<!-- end of metrics -->'

test('the table of metrics is that of the code (UPDATE_DOCS=1 npm test -- test/unit/docs writes it)', () => {
  expectGenerated('docs/metrics.md', start, end, `${metricsTable()}\n`)
})

test('every metric that the pages name is one', () => {
  const named = ['docs/metrics.md', 'docs/operations.md', 'docs/consuming.md'].flatMap(each =>
    [...page(each).text.matchAll(/`(eventtrail_[a-z_]+)/g)].map(([, name = '']) => name)
  )
  expect(named.length).toBeGreaterThan(30)
  expect(named.filter(name => !(name in metrics))).toEqual([])
})

test('the reasons that it explains are said by the code', () => {
  const sources = [
    'core/lifecycle.ts',
    'observability/health.ts',
    'kafka/health.ts',
    'kafka/kafkajs/patches/raw-fetches.ts',
    'sink/health.ts',
    'consumers/health.ts'
  ]
    .map(file => readFileSync(join(cloneRoot, file), 'utf8'))
    .join('\n')
  const [, section = ''] = text.split('## Readiness')
  const reasons = [...(section.split('\n\n## ', 1)[0] ?? '').matchAll(/^\| (.*?) \| /gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, reason = '']) => reason)
  )
  expect(reasons.length).toBeGreaterThan(6)
  const said = reasons.map(reason =>
    reason.replace(/^(Kafka|Postgres|the registry|the mail server|…|3 partitions) /, '')
  )
  expect(said.filter(words => !sources.includes(words))).toEqual([])
})
