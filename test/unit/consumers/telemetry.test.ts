import { describe, expect, it } from 'vitest'
import { GroupHealth } from '../../../consumers/health.ts'
import { groupMetrics } from '../../../consumers/metrics.ts'
import { Telemetry } from '../../../consumers/telemetry.ts'
import type { LifeView } from '../../../core/index.ts'
import { silentLogger } from '../../../core/logger.ts'
import type { AdminLine, KafkaAdmin } from '../../../kafka/types/admin.ts'
import { createPrometheusMeter, type PrometheusMeter } from '../../../observability/prometheus/prometheus.ts'
import { eventually } from '../../support/stack.ts'

const life = (state: LifeView['state']): LifeView => ({ state, failure: undefined })

/** A line over which only offsets are asked for. */
const lineOf = (admin: Partial<KafkaAdmin>): AdminLine =>
  ({ ask: async (question: (open: KafkaAdmin) => unknown) => question(admin as KafkaAdmin) }) as unknown as AdminLine

const member = {
  partitions: [
    { topic: 'a', partition: 0 },
    { topic: 'a', partition: 1 }
  ],
  known: { missing: [] },
  troubles: [{ topic: 'a', partition: 0 }],
  progressAgeMs: 1_500,
  stats: () => ({
    running: 2,
    queued: 5,
    uncommitted: 9,
    partitions: 2,
    stoppedTopics: 0,
    hanging: 0,
    paused: 0,
    bytesHeld: 0,
    assignments: 1,
    longestRunningMs: 2_500
  })
}

const samples = async (meter: PrometheusMeter): Promise<string[]> =>
  (await meter.text()).body.split('\n').filter(line => line.startsWith('eventtrail') && !line.includes('_bucket'))

describe('what a member reports', () => {
  it('is at 0 before anything came', async () => {
    const meter = createPrometheusMeter({ metrics: groupMetrics })
    new Telemetry({ meter, log: silentLogger, line: lineOf({}), groupId: 'x.indexer', parked: () => 3 })
    const of = (name: string, more = '') => `eventtrail_group_${name}{group="x.indexer"${more}} 0`
    expect(await samples(meter)).toEqual([
      of('handled_total'),
      of('retried_total'),
      of('dead_lettered_total'),
      of('lost_total'),
      of('rebalances_total'),
      of('rebuilds_total', ',cause="ended"'),
      of('rebuilds_total', ',cause="stalled"'),
      of('handler_seconds_sum'),
      of('handler_seconds_count')
    ])
  })

  it('counts, times its handlers, and reports its gauges and its lag', async () => {
    const meter = createPrometheusMeter({ metrics: groupMetrics })
    const line = lineOf({
      groupOffsets: async () => new Map([['a', new Map([[0, 70]])]]),
      logEnds: async () => [
        { topic: 'a', partition: 0, start: 50, end: 80, highWatermark: 100 },
        { topic: 'a', partition: 1, start: 10, end: 15, highWatermark: 15 },
        { topic: 'a', partition: 2, start: 0, end: 1_000, highWatermark: 1_000 }
      ]
    })
    const telemetry = new Telemetry({ meter, log: silentLogger, line, groupId: 'x.indexer', parked: () => 3 })
    const end = telemetry.start(member)
    telemetry.assigned()
    telemetry.ended('handled')
    telemetry.ended('dead-lettered')
    telemetry.ended('left')
    telemetry.retried()
    telemetry.rebuilt('stalled')
    telemetry.called(5)
    telemetry.called(7)
    await eventually(async () => (await samples(meter)).some(sample => sample.includes('_lag{')), { what: 'the lag' })
    const lines = await samples(meter)
    const of = (name: string, more = '') => `eventtrail_group_${name}{group="x.indexer"${more}}`
    expect(lines).toEqual(
      expect.arrayContaining([
        `${of('handled_total')} 1`,
        `${of('dead_lettered_total')} 1`,
        `${of('retried_total')} 1`,
        `${of('rebalances_total')} 1`,
        `${of('rebuilds_total', ',cause="stalled"')} 1`,
        `${of('lag', ',topic="a",partition="0"')} 30`,
        `${of('lag', ',topic="a",partition="1"')} 5`,
        `${of('partitions')} 2`,
        `${of('partitions_unread')} 1`,
        `${of('queued')} 5`,
        `${of('running')} 2`,
        `${of('uncommitted')} 9`,
        `${of('oldest_running_seconds')} 2.5`,
        `${of('progress_age_seconds')} 1.5`,
        `${of('handler_seconds_count')} 2`
      ])
    )
    // The partition of another member is reported by that one.
    expect(lines.filter(sample => sample.includes('partition="2"'))).toEqual([])
    expect(telemetry.counts).toEqual({ handled: 1, deadLettered: 1, retried: 1 })
    await end()
    expect((await samples(meter)).filter(sample => sample.includes('_lag{'))).toEqual([])
  })
})

describe('the health of a group', () => {
  it('needs Kafka, the registry, and to be a member', () => {
    const health = new GroupHealth({ line: lineOf({}), pingRegistry: async () => undefined })
    const member = {
      vitals: { awayMs: 0, dead: false },
      troubles: [],
      stopped: [],
      hanging: [],
      known: { isNone: false, hidden: [] }
    }
    expect(health.read(life('starting'), member).notReady).toEqual(['it is starting'])
    health.kafka.heard(true)
    health.registry.heard(true)
    expect(health.read(life('running'), member)).toEqual({ notReady: [], dead: [] })
    expect(health.read(life('running'), { ...member, vitals: { awayMs: 60_000, dead: true } })).toEqual({
      notReady: ['no partitions yet'],
      dead: ['the Kafka consumer loop is stuck']
    })
    expect(
      health.read(life('running'), {
        ...member,
        stopped: [],
        hanging: [],
        known: { isNone: false, hidden: ['order.placed'] }
      }).notReady
    ).toEqual(['Kafka does not let it see topics: order.placed'])
    health.registry.heard(false)
    expect(health.read(life('running'), member).notReady).toEqual(['the registry is unreachable'])
    expect(health.read(life('draining'), member).notReady).toEqual(['it is stopping'])
    health.close()
  })
})
