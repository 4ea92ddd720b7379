import type { MetricSpec, MetricTable } from '../../observability/index.ts'

/** A target of a panel: a query of Prometheus. */
interface Query {
  readonly expr: string
  readonly legendFormat: string
}

const titles: Readonly<Record<string, string>> = {
  process: 'Processes',
  sink: 'Sink',
  group: 'Consumer groups',
  notifier: 'Notifier',
  producer: 'Producers'
}
/** Panels of a row, each 8 of the 24 columns wide. */
const [width, height, perLine] = [8, 8, 3]
/** The Prometheus that the reader chooses: a variable of the dashboard. */
const datasource = { type: 'prometheus', uid: '$' + '{datasource}' }
const matchers = 'job=~"$job", instance=~"$instance"'

/**
 * A dashboard of Grafana with one panel for every metric, as data.
 * @param tables the metrics by the part that has them; a part is a row of the dashboard
 */
export function dashboard(tables: Readonly<Record<string, MetricTable>>) {
  let id = 0
  let y = 0
  const panels: unknown[] = []
  for (const [part, table] of Object.entries(tables)) {
    id += 1
    panels.push({
      id,
      type: 'row',
      title: titles[part] ?? part,
      collapsed: false,
      gridPos: { x: 0, y, w: 24, h: 1 },
      panels: []
    })
    y += 1
    for (const [index, [name, spec]] of Object.entries(table).entries()) {
      id += 1
      const gridPos = { x: (index % perLine) * width, y: y + Math.floor(index / perLine) * height, w: width, h: height }
      panels.push(panelOf(name, spec, { id, gridPos }))
    }
    y += Math.ceil(Object.keys(table).length / perLine) * height
  }
  return {
    uid: 'eventtrail',
    title: 'eventtrail',
    description: 'Every metric of eventtrail. Made from the tables of metrics: change those, not this file.',
    tags: ['eventtrail'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    timezone: 'utc',
    annotations: { list: [firingAlerts] },
    templating: { list: [datasourceVariable, labelVariable('job', ''), labelVariable('instance', 'job=~"$job"')] },
    panels
  }
}

function panelOf(name: string, spec: MetricSpec, place: { readonly id: number; readonly gridPos: object }) {
  return {
    ...place,
    type: 'timeseries',
    title: titleOf(name, spec),
    description: `${name}: ${spec.help}`,
    datasource,
    fieldConfig: {
      defaults: {
        unit: unitOf(spec),
        min: 0,
        custom: { fillOpacity: 10, showPoints: 'never', axisLabel: axisOf(spec) }
      },
      overrides: []
    },
    options: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } },
    targets: queriesOf(name, spec).map((query, index) => ({
      ...query,
      refId: String.fromCharCode('A'.charCodeAt(0) + index),
      datasource
    }))
  }
}

/** The queries of a metric by its type: the rate of a counter, two quantiles of a histogram, the value of a gauge. */
function queriesOf(name: string, { type, unit, labels }: MetricSpec): readonly Query[] {
  // A line for each partition would be too many; a process is seen by the variable `instance`.
  const by = Object.keys(labels).filter(label => label !== 'partition')
  const kept = by.length > 0 ? by : ['instance']
  const legendFormat = kept.map(label => `{{${label}}}`).join(' ')
  const list = kept.join(', ')
  if (type === 'counter')
    return [{ expr: `sum by (${list}) (rate(${name}{${matchers}}[$__rate_interval]))`, legendFormat }]
  if (type === 'histogram')
    return [0.5, 0.99].map(quantile => ({
      expr: `histogram_quantile(${quantile}, sum by (${list}, le) (rate(${name}_bucket{${matchers}}[$__rate_interval])))`,
      legendFormat: `${legendFormat} p${quantile * 100}`
    }))
  // Times and states are no sums.
  const summary = unit === 'seconds' ? 'max' : unit === '' ? 'min' : 'sum'
  return [{ expr: `${summary} by (${list}) (${name}{${matchers}})`, legendFormat }]
}

function titleOf(name: string, { type }: MetricSpec): string {
  const words = name
    .replace(/^eventtrail_/, '')
    .replace(/_total$|_seconds$/, '')
    .replaceAll('_', ' ')
  const title = `${words.charAt(0).toUpperCase()}${words.slice(1)}`
  return type === 'counter' ? `${title} per second` : title
}

const unitOf = ({ type, unit }: MetricSpec): string =>
  unit === 'seconds' && type !== 'counter' ? 's' : unit === 'bytes' ? 'bytes' : 'short'

const axisOf = ({ type, unit }: MetricSpec): string => (type === 'counter' ? `${unit}/s` : unit)

const datasourceVariable = { name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus', hide: 0 }

/** A variable with all values that a label has, as other labels allow. */
function labelVariable(label: string, given: string) {
  const query = `label_values(eventtrail_ready{${given}}, ${label})`
  return {
    name: label,
    label,
    type: 'query',
    datasource,
    query: { query, refId: label },
    definition: query,
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue: '.*',
    current: { text: 'All', value: '$__all' }
  }
}

/** Marks the times at which an alert fired in every panel. */
const firingAlerts = {
  name: 'Alerts',
  enable: true,
  iconColor: 'red',
  datasource,
  expr: 'ALERTS{alertname=~"Eventtrail.*", alertstate="firing"}',
  titleFormat: '{{alertname}}',
  textFormat: '{{instance}}'
}
