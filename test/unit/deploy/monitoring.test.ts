import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import {
  type Alert,
  alertRules,
  alertSections,
  alertsOfParts,
  alertTests,
  dashboard
} from '../../../dev/deploy/index.ts'
import { expectGenerated, expectGeneratedFile, page } from '../../support/project/docs.ts'
import { metrics, tables } from '../../support/project/metrics.ts'

const alerts = Object.values(alertsOfParts).flat()
const remark = (what: string): string =>
  `# ${what}: made from dev/deploy/alerts by UPDATE_DOCS=1 npm test -- --unit test/unit/deploy\n`
const yaml = (document: unknown): string => stringify(document, { lineWidth: 0 })
const rulesFile = 'eventtrail.rules.yml'
const chart = 'deploy/helm/eventtrail/files'

test.each([
  'deploy/prometheus',
  chart
])('the alert rules in %s are those of the code (UPDATE_DOCS=1 npm test -- --unit test/unit/deploy)', folder => {
  expectGeneratedFile(`${folder}/${rulesFile}`, remark('Alert rules of Prometheus') + yaml(alertRules(alertsOfParts)))
})

test('so are their tests', () => {
  const made = remark('Tests of the alert rules, for promtool test rules') + yaml(alertTests(alerts, rulesFile))
  expectGeneratedFile('deploy/prometheus/eventtrail.rules.test.yml', made)
})

test.each(['deploy/grafana', chart])('so is the dashboard in %s', folder => {
  expectGeneratedFile(`${folder}/eventtrail.dashboard.json`, `${JSON.stringify(dashboard(tables), undefined, 2)}\n`)
})

test('so is what the page says about each alert', () => {
  const start = '<!-- alerts: made from dev/deploy/alerts -->\n'
  expectGenerated('docs/alerts.md', start, '<!-- end of alerts -->', alertSections(alerts))
})

test('every metric is in one panel of the dashboard, with a query of its type', () => {
  const { panels } = dashboard(tables) as { panels: { type: string; targets?: { expr: string }[] }[] }
  const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
  for (const [name, { type }] of Object.entries(metrics)) {
    const ofMetric = queries.filter(query => new RegExp(`\\b${name}(_bucket)?\\{`).test(query))
    expect(ofMetric, name).toHaveLength(type === 'histogram' ? 2 : 1)
    expect(ofMetric[0]?.includes('rate('), name).toBe(type !== 'gauge')
  }
})

/** What is wrong with an expression, as far as the table of metrics knows it. */
function faultsOf({ expr, metrics: named }: Pick<Alert, 'expr' | 'metrics'>): string[] {
  const faults: string[] = []
  const read = new Set<string>()
  for (const { 0: text, 1: name = '', 2: matchers = '', index } of expr.matchAll(
    /(eventtrail_\w+?)(?:_bucket)?\b(?!_)(?:\{([^}]*)\})?/g
  )) {
    const spec = metrics[name]
    if (spec === undefined) faults.push(`there is no metric ${name}`)
    else {
      read.add(name)
      const counted = /(?:increase|rate)\($/.test(expr.slice(0, index))
      if (counted !== (spec.type !== 'gauge')) faults.push(`${text} is a ${spec.type}`)
      if ((spec.type === 'histogram') !== text.includes('_bucket')) faults.push(`${text} is a ${spec.type}`)
      for (const [, label = '', values = ''] of matchers.matchAll(/(\w+)=~?"([^"]*)"/g)) {
        const known = spec.labels[label]
        if (known === undefined) faults.push(`${name} has no label ${label}`)
        else if (known.length > 0)
          faults.push(
            ...values.split('|').flatMap(value => (known.includes(value) ? [] : [`${label} is never ${value}`]))
          )
      }
      for (const [, labels = ''] of expr.matchAll(/without \(([^)]*)\)/g))
        faults.push(
          ...labels.split(', ').flatMap(label => (label in spec.labels ? [] : [`${name} has no label ${label}`]))
        )
    }
  }
  if ([...read].sort().join() !== [...named].sort().join())
    faults.push(`it reads ${[...read].join()}, not ${named.join()}`)
  return faults
}

test.each(
  alerts.map(alert => [alert.name, alert] as const)
)('%s asks for metrics, labels and values that there are', (_, alert) => {
  expect(faultsOf(alert)).toEqual([])
  const { fires, quiet, labels = {} } = alert.test
  for (const { metric, labels: given = {}, suffix } of [...fires, ...quiet])
    expect(Object.keys(given).sort(), metric).toEqual(
      [...Object.keys(metrics[metric]?.labels ?? {}), ...(suffix ? ['le'] : [])].sort()
    )
  const shown = [...alert.summary.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label)
  const ofProcess = alert.test.ofProcess === false ? [] : ['job', 'instance']
  expect(shown.filter(label => ![...Object.keys(labels), ...ofProcess].includes(label ?? ''))).toEqual([])
})

test('a mistake in an expression would be noticed', () => {
  const lost = { metrics: ['eventtrail_sink_lost_total'] as const }
  expect(faultsOf({ ...lost, expr: 'increase(eventtrail_sink_lost_total[1h]) > 0' })).toEqual([])
  expect(faultsOf({ ...lost, expr: 'eventtrail_sink_lost_total > 0' })).toHaveLength(1)
  expect(faultsOf({ ...lost, expr: 'increase(eventtrail_sink_lost_total{code="X"}[1h]) > 0' })).toHaveLength(1)
  expect(faultsOf({ ...lost, expr: 'increase(eventtrail_sink_losses_total[1h]) > 0' })).toHaveLength(2)
  const topics = { metrics: ['eventtrail_sink_topics'] as const }
  expect(faultsOf({ ...topics, expr: 'eventtrail_sink_topics{state="gone"} > 0' })).toEqual(['state is never gone'])
})

test('the names of alerts differ, and each is in a list of the page by its heading alone', () => {
  const names = alerts.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  for (const name of names) expect(name).toMatch(/^Eventtrail[A-Z][A-Za-z]+$/)
  const headings = [...page('docs/alerts.md').text.matchAll(/^### (\w+)$/gm)].map(([, name]) => name)
  expect(headings).toEqual(names)
})

test('every counter of events that are lost or refused has an alert', () => {
  const watched = new Set(alerts.flatMap(each => each.metrics as readonly string[]))
  const grave = Object.keys(metrics).filter(name => /_(lost|quarantined|dead_lettered|failed)_total$/.test(name))
  expect(grave.length).toBeGreaterThan(4)
  expect(grave.filter(name => !watched.has(name))).toEqual([])
})
