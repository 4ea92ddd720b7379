import fc from 'fast-check'
import { kinds } from './events.ts'
import type { StatementFault } from './session.ts'

/** Something that happens to the world at a time. */
export type Happening =
  | { readonly kind: 'rebalance' }
  | { readonly kind: 'pause' | 'crash'; readonly sink: number; readonly ms: number }
  | { readonly kind: 'retention' | 'cut back'; readonly partition: number; readonly count: number }
  | { readonly kind: 'recreate'; readonly partition: number }
  | { readonly kind: 'hint'; readonly partition: number; readonly offset: number }
  | { readonly kind: 'backup' | 'restore' | 'add partition' | 'terminate sessions' | 'seal' }

/** All that a run is made of: the same schedule is the same run. */
export interface Schedule {
  readonly seed: number
  readonly sinks: number
  readonly partitions: number
  readonly lanes: number
  readonly maxRows: number
  readonly fetchCount: number
  readonly latencyMs: number
  readonly breakerRecords: number
  /** Whether Kafka has ids of topics: where it has none (before 2.8), a log is known by its last record alone. */
  readonly topicIds: boolean
  /** Published one after the other, `gap` ms after the one before. `of` says which event comes again. */
  readonly events: readonly { kind: (typeof kinds)[number]; partition: number; gap: number; of: number }[]
  /** The fault of the statement that comes so many after the one of the fault before. */
  readonly faults: readonly { readonly after: number; readonly fault: StatementFault }[]
  readonly happenings: readonly { readonly at: number; readonly what: Happening }[]
}

const ms = fc.nat({ max: 15_000 })
const sqlStates = ['40P01', '40001', '55P03', '57014', '53100', '25006', '57P01', '57P03', 'XX000'] as const

const fault: fc.Arbitrary<StatementFault> = fc.oneof(
  fc.record({ kind: fc.constantFrom('lost before', 'lost after', 'overtaken'), ms: fc.nat({ max: 3_000 }) }),
  fc.record({ kind: fc.constant('error' as const), code: fc.constantFrom(...sqlStates) }),
  fc.record({ kind: fc.constant('pause' as const), ms }),
  fc.record({ kind: fc.constant('crash' as const), ms: fc.nat({ max: 5_000 }), done: fc.boolean() })
)

const index = fc.nat({ max: 3 })
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('rebalance' as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('pause', 'crash'), sink: index, ms }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('retention', 'cut back'),
      partition: index,
      count: fc.nat({ max: 15 })
    })
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('recreate' as const), partition: index }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('hint' as const), partition: index, offset: fc.nat({ max: 60 }) })
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom('backup', 'restore', 'add partition', 'terminate sessions', 'seal') })
  }
)

const kind = fc.oneof(
  { weight: 12, arbitrary: fc.constant('good' as const) },
  { weight: 6, arbitrary: fc.constantFrom(...kinds) }
)

export const schedules: fc.Arbitrary<Schedule> = fc.record({
  seed: fc.nat(),
  sinks: fc.integer({ min: 1, max: 3 }),
  partitions: fc.integer({ min: 1, max: 3 }),
  lanes: fc.integer({ min: 1, max: 2 }),
  maxRows: fc.constantFrom(1, 5, 20),
  fetchCount: fc.constantFrom(1, 3, 12),
  latencyMs: fc.constantFrom(1, 10, 60),
  breakerRecords: fc.constantFrom(0, 0, 0, 8),
  topicIds: fc.boolean(),
  events: fc.array(fc.record({ kind, partition: index, gap: fc.nat({ max: 400 }), of: fc.nat({ max: 60 }) }), {
    minLength: 1,
    maxLength: 60,
    size: 'max'
  }),
  faults: fc.array(fc.record({ after: fc.nat({ max: 60 }), fault }), { maxLength: 8, size: 'max' }),
  happenings: fc.array(fc.record({ at: fc.nat({ max: 20_000 }), what: happening }), { maxLength: 8, size: 'max' })
})
