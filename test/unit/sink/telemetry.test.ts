import type pg from 'pg'
import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import type { GroupMetrics } from '../../../consumers/metrics.ts'
import type { LifeView } from '../../../core/index.ts'
import { silentLogger } from '../../../core/logger.ts'
import type { AdminLine } from '../../../kafka/types/admin.ts'
import type { RebuildCause } from '../../../kafka/types/member.ts'
import type { LabelsOf, Meter } from '../../../observability/meter.ts'
import { createRegistry } from '../../../schemas/index.ts'
import { SinkError } from '../../../sink/errors.ts'
import { SinkHealth, type SinkView } from '../../../sink/health.ts'
import { type SinkMetrics, sinkMetrics } from '../../../sink/metrics.ts'
import { Telemetry } from '../../../sink/telemetry.ts'
import type { Batch, WriteResult } from '../../../sink/write/types.ts'
import { recordFaultCodes } from '../../../trail/errors.ts'
import type { TrailPositions } from '../../../trail/session/session.ts'
import { chunk } from './chunks.ts'

const life = (state: LifeView['state']): LifeView => ({ state, failure: undefined })

// No server is asked here: what is read comes from the parts alone.
const nobody = { trail: {} as TrailPositions, logEnds: async () => [], topicIds: async () => new Map() }
const parts = (facts: { halted?: number; failures?: number; awayMs?: number; waitingMs?: number } = {}): SinkView => ({
  vitals: { awayMs: facts.awayMs ?? 0, idleMs: 100, dead: false },
  positions: { assigned: [{ topic: 'a', partition: 0 }], halted: facts.halted ?? 0 },
  queues: { pendingRows: 7, waitingMs: facts.waitingMs ?? 0, failures: facts.failures ?? 0 },
  book: { waiting: [] },
  topics: { reasons: [], readings: () => [] },
  troubles: () => [],
  tableProblems: () => []
})

/** A meter that keeps what it gets. */
function keptMeter() {
  const counted: Record<string, number> = {}
  const observed: [string, number][] = []
  const gauges = new Map<string, () => readonly { value: number }[]>()
  const meter: Meter = {
    add: (name, by, labels) => {
      const key = [name, ...Object.values(labels)].join(' ')
      counted[key] = (counted[key] ?? 0) + by
    },
    observe: (name, value) => void observed.push([name, value]),
    gauge: (name, read) => {
      gauges.set(name, read)
      return () => gauges.delete(name)
    }
  }
  return { meter, counted, observed, gauges }
}

const batch = { trigger: 'linger', rows: 10 } as Batch
const result = (facts: Partial<WriteResult>): WriteResult => ({
  rows: 0,
  duplicates: 0,
  quarantined: 0,
  faults: new Map(),
  booked: [],
  stored: [],
  fenced: [],
  statements: 0,
  refusals: 0,
  ...facts
})

describe('what a sink reports of its batches', () => {
  it('is counted once for each batch, whatever it held', () => {
    const { meter, counted, observed } = keptMeter()
    const add = vi.spyOn(meter, 'add')
    const telemetry = new Telemetry({ meter, log: silentLogger })
    const faults = new Map([
      ['NULL_VALUE', 2],
      ['CONFLICT', 1]
    ] as const)
    const stored = [
      chunk(0, 8_000, { lastTimestamp: Date.now() - 2_000 }),
      chunk(0, 0, { partition: 1, lost: 5, last: 4 })
    ]
    telemetry.written(
      batch,
      result({ rows: 8_000, duplicates: 4, quarantined: 3, faults, stored, fenced: [chunk(9, 1)], copyMs: 40 })
    )
    expect(add.mock.calls.length).toBeLessThan(10)
    expect(counted).toEqual({
      'eventtrail_sink_batches_total linger': 1,
      eventtrail_sink_rows_total: 8_000,
      eventtrail_sink_duplicates_total: 4,
      eventtrail_sink_fenced_total: 1,
      'eventtrail_sink_quarantined_total NULL_VALUE': 2,
      'eventtrail_sink_quarantined_total CONFLICT': 1,
      eventtrail_sink_gaps_total: 1,
      eventtrail_sink_lost_total: 5
    })
    expect(observed).toEqual([
      ['eventtrail_sink_copy_seconds', 0.04],
      ['eventtrail_sink_publish_latency_seconds', expect.closeTo(2, 1)]
    ])
    expect(telemetry.counts).toMatchObject({ rows: 8_000, batches: 1, duplicates: 4, quarantined: 3 })
  })

  it('goes under labels that the table of metrics knows, each of them', () => {
    expect(sinkMetrics.eventtrail_sink_quarantined_total.labels.code).toEqual(recordFaultCodes)
    expectTypeOf<LabelsOf<SinkMetrics, 'eventtrail_sink_batches_total'>['trigger']>().toEqualTypeOf<Batch['trigger']>()
    expectTypeOf<LabelsOf<SinkMetrics, 'eventtrail_sink_rebuilds_total'>['cause']>().toEqualTypeOf<RebuildCause>()
    expectTypeOf<LabelsOf<GroupMetrics, 'eventtrail_group_rebuilds_total'>['cause']>().toEqualTypeOf<RebuildCause>()
  })

  it('a clock of a publisher that is ahead makes no negative latency', () => {
    const { meter, observed } = keptMeter()
    const telemetry = new Telemetry({ meter, log: silentLogger })
    telemetry.written(batch, result({ stored: [chunk(0, 1, { lastTimestamp: Date.now() + 60_000 })] }))
    expect(observed).toEqual([['eventtrail_sink_publish_latency_seconds', 0]])
  })

  it('a record without a time makes no latency', () => {
    const { meter, observed } = keptMeter()
    const telemetry = new Telemetry({ meter, log: silentLogger })
    const stored = [-1, 0, Number.MIN_SAFE_INTEGER].map(lastTimestamp => chunk(0, 1, { lastTimestamp }))
    telemetry.written(batch, result({ stored }))
    expect(observed).toEqual([])
  })

  it('gauges are read when a scrape asks, and gone when it ends', async () => {
    const { meter, gauges } = keptMeter()
    const telemetry = new Telemetry({ meter, log: silentLogger })
    const end = telemetry.start({ ...parts({ waitingMs: 4_000, halted: 1 }), lag: nobody, months: { missing: 2 } })
    const value = (name: string) => gauges.get(name)?.()[0]?.value
    expect(value('eventtrail_sink_partitions')).toBe(1)
    expect(value('eventtrail_sink_partitions_halted')).toBe(1)
    expect(value('eventtrail_sink_months_missing')).toBe(2)
    expect(value('eventtrail_sink_pending_rows')).toBe(7)
    expect(value('eventtrail_sink_progress_age_seconds')).toBe(4)
    await end()
    expect(gauges.size).toBe(0)
  })
})

describe('the health of a sink', () => {
  const healthy = () => {
    const registry = createRegistry({ url: 'http://127.0.0.1:1' })
    const health = new SinkHealth({
      line: {} as AdminLine,
      pool: { query: async () => undefined } as unknown as pg.Pool,
      registry: () => registry
    })
    for (const server of [health.kafka, health.postgres, health.registry]) server.heard(true)
    return health
  }

  it('names what keeps it from its work', () => {
    const health = healthy()
    expect(health.read(life('running'), parts())).toEqual({ notReady: [], dead: [] })
    expect(health.read(life('running'), parts({ halted: 3 })).notReady).toEqual([
      '3 partitions halted: eventtrail doctor says why'
    ])
    expect(health.read(life('running'), parts({ failures: 3 })).notReady).toEqual([
      'Postgres takes no rows: writes are retried'
    ])
    health.postgres.heard(false)
    health.kafka.heard(false)
    expect(health.read(life('running'), parts({ failures: 9, halted: 1, awayMs: 60_000 })).notReady).toEqual([
      'Kafka is unreachable',
      'no partitions yet',
      'Postgres is unreachable',
      '1 partition halted: eventtrail doctor says why'
    ])
    health.close()
  })

  it('is not ready before it runs and once it stops, and then asks no server', () => {
    const health = healthy()
    health.registry.heard(false)
    for (const [state, reason] of [
      ['new', 'it has not started yet'],
      ['draining', 'it is stopping'],
      ['failed', 'it has failed (CLOSED)']
    ] as const)
      expect(
        health.read(
          { state, failure: state === 'failed' ? new SinkError('CLOSED', 'it was closed') : undefined },
          parts()
        )
      ).toEqual({ notReady: [reason], dead: [] })
    health.close()
  })
})
