import perfHooks from 'node:perf_hooks'
import { describe, expect, it, vi } from 'vitest'
import type { Meter } from '../../../observability/meter.ts'
import { createPrometheusMeter, type PrometheusMeter } from '../../../observability/prometheus/prometheus.ts'
import { metrics, tables } from '../../support/project/metrics.ts'

describe('the table of metrics', () => {
  it('keeps to the conventions of Prometheus', () => {
    for (const [name, { type, labels, help, unit }] of Object.entries(metrics)) {
      expect(name).toMatch(/^eventtrail(_[a-z]+)+$/)
      expect(name.endsWith('_total'), name).toBe(type === 'counter')
      expect(name.endsWith('_seconds'), name).toBe(unit === 'seconds')
      for (const label of Object.keys(labels)) expect(label).toMatch(/^[a-z]+$/)
      expect(help, name).not.toMatch(/\.$/)
    }
  })

  it('has a name that begins with its part', () => {
    for (const [part, table] of Object.entries(tables))
      if (part !== 'process') for (const name of Object.keys(table)) expect(name).toContain(`eventtrail_${part}_`)
  })

  it('has no label that could hold a person or an id', () => {
    const all = new Set<string>(Object.values(metrics).flatMap(({ labels }) => Object.keys(labels)))
    expect([...all].toSorted()).toEqual([
      'cause',
      'channel',
      'code',
      'group',
      'metric',
      'outcome',
      'partition',
      'place',
      'result',
      'source',
      'state',
      'topic',
      'trigger'
    ])
  })

  it('has buckets in rising order', () => {
    for (const spec of Object.values(metrics)) {
      if (spec.type !== 'histogram') continue
      expect(spec.buckets).toEqual(spec.buckets.toSorted((one, other) => one - other))
    }
  })
})

/** The lines of the text that are samples. */
const samples = async (meter: PrometheusMeter): Promise<string[]> =>
  (await meter.text()).body.split('\n').filter(line => line !== '' && !line.startsWith('#'))

describe('a meter for Prometheus', () => {
  it('exports the series beyond its bound as one, and how many they are', async () => {
    const meter = createPrometheusMeter({ metrics: { ...tables.process, ...tables.sink }, maxSeries: 3 })
    let topics = 3
    meter.gauge('eventtrail_sink_lag', () =>
      Array.from({ length: topics }, (_, number) => ({
        value: number,
        labels: { topic: `t${number}`, partition: '0' }
      }))
    )
    const lags = async () => (await samples(meter)).filter(line => /sink_lag|folded/.test(line))
    const first = [0, 1, 2].map(number => `eventtrail_sink_lag{topic="t${number}",partition="0"} ${number}`)
    expect(await lags()).toEqual(first)
    topics = 6
    await lags()
    expect((await lags()).toSorted()).toEqual(
      [
        ...first,
        'eventtrail_sink_lag{topic="other",partition="other"} 12',
        'eventtrail_metrics_folded_series{metric="eventtrail_sink_lag"} 3'
      ].toSorted()
    )
  })

  it('counts, observes, and reads gauges when it is asked', async () => {
    const meter = createPrometheusMeter({ metrics: tables.sink })
    let lag = 5
    const remove = meter.gauge('eventtrail_sink_lag', () => [{ value: lag, labels: { topic: 'a', partition: '0' } }])
    meter.add('eventtrail_sink_rows_total', 3, {})
    meter.add('eventtrail_sink_rows_total', 4, {})
    meter.add('eventtrail_sink_batches_total', 1, { trigger: 'linger' })
    meter.observe('eventtrail_sink_copy_seconds', 0.02, {})
    lag = 7
    expect(await samples(meter)).toEqual(
      expect.arrayContaining([
        'eventtrail_sink_rows_total 7',
        'eventtrail_sink_batches_total{trigger="linger"} 1',
        'eventtrail_sink_lag{topic="a",partition="0"} 7',
        'eventtrail_sink_copy_seconds_bucket{le="0.01"} 0',
        'eventtrail_sink_copy_seconds_bucket{le="0.025"} 1',
        'eventtrail_sink_copy_seconds_count 1'
      ])
    )
    remove()
    expect((await samples(meter)).filter(line => line.startsWith('eventtrail_sink_lag'))).toEqual([])
  })

  it('begins counters at 0, also under each label that is known beforehand', async () => {
    const begun = await samples(createPrometheusMeter({ metrics: { ...tables.sink, ...tables.notifier } }))
    const { trigger } = tables.sink.eventtrail_sink_batches_total.labels
    const { code } = tables.sink.eventtrail_sink_quarantined_total.labels
    expect(begun).toEqual(
      expect.arrayContaining([
        'eventtrail_sink_retries_total 0',
        ...trigger.map(each => `eventtrail_sink_batches_total{trigger="${each}"} 0`),
        ...code.map(each => `eventtrail_sink_quarantined_total{code="${each}"} 0`),
        ...['ended', 'stalled'].map(cause => `eventtrail_sink_rebuilds_total{cause="${cause}"} 0`),
        ...['delivered', 'failed', 'retried', 'unavailable', 'unwanted'].map(
          each => `eventtrail_notifier_deliveries_total{channel="webhook",result="${each}"} 0`
        )
      ])
    )
  })

  it('begins the counters and histograms of a group when it is named, and never again', async () => {
    const meter: Meter = createPrometheusMeter({ metrics: { ...tables.group, ...tables.sink } })
    const group = 'indexer'
    meter.add('eventtrail_sink_rows_total', 1, {})
    meter.begin?.({ group })
    const of = async () =>
      (await samples(meter as PrometheusMeter)).filter(line => line.includes('group=') && !line.includes('_bucket'))
    const all = (handled: number) => [
      `eventtrail_group_handled_total{group="indexer"} ${handled}`,
      'eventtrail_group_retried_total{group="indexer"} 0',
      'eventtrail_group_dead_lettered_total{group="indexer"} 0',
      'eventtrail_group_lost_total{group="indexer"} 0',
      'eventtrail_group_rebalances_total{group="indexer"} 0',
      'eventtrail_group_rebuilds_total{group="indexer",cause="ended"} 0',
      'eventtrail_group_rebuilds_total{group="indexer",cause="stalled"} 0',
      `eventtrail_group_handler_seconds_sum{group="indexer"} ${handled}`,
      `eventtrail_group_handler_seconds_count{group="indexer"} ${handled}`
    ]
    expect(await of()).toEqual(all(0))
    meter.add('eventtrail_group_handled_total', 1, { group })
    meter.observe('eventtrail_group_handler_seconds', 1, { group })
    meter.begin?.({ group })
    expect(await of()).toEqual(all(1))
    expect(await samples(meter as PrometheusMeter)).toContain('eventtrail_sink_rows_total 1')
  })

  it('has the metrics of its parts alone, and shares nothing with another one', async () => {
    const [one, other] = [
      createPrometheusMeter({ metrics: tables.group }),
      createPrometheusMeter({ metrics: tables.group })
    ]
    one.begin({ group: 'indexer' })
    one.add('eventtrail_group_handled_total', 1, { group: 'indexer' })
    one.add('eventtrail_sink_rows_total', 1, {})
    const ofOne = await samples(one)
    expect(ofOne).toContain('eventtrail_group_handled_total{group="indexer"} 1')
    expect(ofOne.filter(line => !line.startsWith('eventtrail_group_'))).toEqual([])
    expect(await samples(other)).toEqual([])
  })

  it('describes every metric of the table', async () => {
    const { body, contentType } = await createPrometheusMeter({ metrics }).text()
    expect(contentType).toContain('text/plain')
    for (const [name, { type }] of Object.entries(metrics)) expect(body).toContain(`# TYPE ${name} ${type}`)
  })

  it('has the metrics of the process when it is asked to', async () => {
    const { body } = await createPrometheusMeter({ metrics: {}, process: true }).text()
    for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'nodejs_eventloop_lag_seconds'])
      expect(body).toContain(`\n${name} `)
  })

  it('has of the event loop only what is true: nothing of a histogram that counts its own timer', async () => {
    const names = (await samples(createPrometheusMeter({ metrics: {}, process: true }))).map(
      line => line.split(/[ {]/)[0]
    )
    expect(names.filter(name => name?.includes('eventloop'))).toEqual(['nodejs_eventloop_lag_seconds'])
  })

  it('never wakes an idle process for the event loop', () => {
    const watch = vi.spyOn(perfHooks, 'monitorEventLoopDelay')
    createPrometheusMeter({ metrics: {}, process: true })
    const [{ resolution = 10 } = {}] = watch.mock.lastCall ?? []
    expect(resolution).toBeGreaterThan(3_600_000)
    watch.mockRestore()
  })
})
