import { catalogue } from '../../schemas/catalogue/index.ts'
import type { KnownSchema } from '../../trail/encoding/schema-book.ts'
import { compileRowEncoder } from '../../trail/rows/row-encoder.ts'
import { wire } from '../support/kafka/wire.ts'
import { reprinted } from '../support/trail/jsonb-text.ts'
import { failsUnexplained, refusedByCopy } from './statements.ts'

export const eventName = 'badge.awarded'
const schemaId = 7
const version = catalogue.version(eventName)
const known: KnownSchema = {
  kind: 'known',
  versions: [version.version],
  encode: compileRowEncoder(version.type, eventName, [version.version])
}

/** A book that knows the one schema. */
export const schemas = {
  find: (_subject: string, id: number) => (id === schemaId ? known : undefined),
  learn: async () => known,
  doubt: () => false,
  generation: 0
}

export const kinds = [
  'good',
  'again',
  'conflict',
  'garbage',
  'nul',
  'refused by copy',
  'unexplained',
  'control'
] as const
export type Kind = (typeof kinds)[number]

/** What was published. */
export interface SimEvent {
  readonly kind: Kind
  /** Undefined where it cannot be read. */
  readonly id: string | undefined
  /** The payload as the trail is to have it. */
  readonly payload: string
  readonly key: Buffer
  readonly value: Buffer
}

const uuid = (group: string, number: number): string =>
  `0190a5b2-${group}-7000-8000-${String(number).padStart(12, '0')}`

export function makeEvent(kind: Exclude<Kind, 'control' | 'again'>, number: number, sameIdAs?: SimEvent): SimEvent {
  const id = sameIdAs?.id ?? uuid('0000', number)
  const key = Buffer.from(uuid('0001', number))
  if (kind === 'garbage') return { kind, id: undefined, payload: '', key, value: Buffer.from(`garbage ${number}`) }
  const text = {
    nul: 'U+0000 \u0000',
    'refused by copy': refusedByCopy,
    unexplained: failsUnexplained,
    good: 'good',
    conflict: 'another'
  }[kind]
  const payload = { badge_id: uuid('0002', number), awarded_to: uuid('0003', number), reason: `${text} ${number}` }
  const value = wire(
    schemaId,
    version.type.toBuffer({
      id,
      aggregate_id: key.toString(),
      occurred_at: 1_700_000_000_000_000n,
      event_name: eventName,
      payload,
      schema_version: version.version
    })
  )
  return { kind, id, payload: reprinted(payload), key, value }
}
