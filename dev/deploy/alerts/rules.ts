import type { Alert, SampleSeries } from './alert.ts'

const runbook = 'https://github.com/eventtrail/eventtrail/blob/main/docs/alerts.md'
const scraped = { job: 'eventtrail', instance: 'one:9464' }

/** A file of rules for Prometheus, as data. */
export function alertRules(parts: Readonly<Record<string, readonly Alert[]>>) {
  const groups = Object.entries(parts).map(([part, alerts]) => ({
    name: `eventtrail-${part}`,
    rules: alerts.map(alert => ({
      alert: alert.name,
      expr: alert.expr,
      ...(alert.minutes > 0 && { for: `${alert.minutes}m` }),
      labels: { severity: alert.severity },
      annotations: annotationsOf(alert)
    }))
  }))
  return { groups }
}

/** A file of tests for `promtool test rules`: of each alert that it fires, not too early, and not without cause. */
export function alertTests(alerts: readonly Alert[], ruleFile: string) {
  return {
    rule_files: [ruleFile],
    evaluation_interval: '1m',
    tests: alerts.flatMap(alert => [firingTest(alert), quietTest(alert)])
  }
}

function firingTest(alert: Alert) {
  const { name, minutes, severity, test } = alert
  const labels = { ...(test.ofProcess !== false && scraped), ...test.labels }
  const expected = [{ exp_labels: { severity, ...labels }, exp_annotations: annotationsOf(alert, labels) }]
  return {
    name: `${name} fires`,
    interval: '1m',
    input_series: test.fires.map(seriesOf),
    alert_rule_test: [
      ...(minutes > 0 ? [{ eval_time: `${minutes - 1}m`, alertname: name, exp_alerts: [] }] : []),
      // What happens once, in the sixth minute, is still in the window of its expression.
      { eval_time: `${minutes + 10}m`, alertname: name, exp_alerts: expected }
    ]
  }
}

function quietTest({ name, minutes, test }: Alert) {
  return {
    name: `${name} stays quiet`,
    interval: '1m',
    input_series: test.quiet.map(seriesOf),
    alert_rule_test: [10, 45, 110].map(after => ({
      eval_time: `${Math.min(minutes + after, 119)}m`,
      alertname: name,
      exp_alerts: []
    }))
  }
}

function seriesOf({ metric, suffix, labels = {}, values }: SampleSeries) {
  const pairs = Object.entries({ ...scraped, ...labels }).map(([name, value]) => `${name}="${value}"`)
  return { series: `${metric}${suffix ?? ''}{${pairs.join(', ')}}`, values }
}

/** With the labels of an alert that fires: as Prometheus replaces them. */
function annotationsOf({ name, summary }: Alert, labels?: Readonly<Record<string, string>>) {
  const filled = labels ? summary.replace(/\{\{ \$labels\.(\w+) \}\}/g, (_, label) => labels[label] ?? '') : summary
  return { summary: filled, runbook_url: `${runbook}#${name.toLowerCase()}` }
}

/** The part of the page that says what each alert means. */
export function alertSections(alerts: readonly Alert[]): string {
  const section = ({ name, severity, minutes, expr, meaning, action }: Alert): string => {
    const since = minutes === 0 ? 'at once' : `after ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}`
    return `### ${name}\n\nFires ${since}, ${severity}:\n\n\`\`\`promql\n${expr}\n\`\`\`\n\n**What it means.** ${meaning}\n\n**What to do.** ${action}\n`
  }
  return `\n${alerts.map(section).join('\n')}\n`
}
