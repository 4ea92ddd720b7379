import { composeEnvelope } from '../../../schemas/index.ts'
import { varint } from '../kafka/raw-batch.ts'
import { wire } from '../kafka/wire.ts'

/**
 * Registers anything as a version of a subject, as a client that knows nothing of our rules does.
 * @param schema or its text, where JavaScript would write another one
 * @returns the id of the schema, or undefined where the registry refuses it
 */
export async function registerForeign(
  registryUrl: string,
  subject: string,
  schema: unknown
): Promise<number | undefined> {
  const answer = await fetch(`${registryUrl}/subjects/${encodeURIComponent(subject)}/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema: typeof schema === 'string' ? schema : JSON.stringify(schema) })
  })
  const body = (await answer.json()) as { id?: number }
  return answer.ok ? body.id : undefined
}

/** The envelope around the fields of a payload, which need not obey our rules. */
export const foreignEnvelope = (eventName: string, fields: readonly unknown[]): unknown =>
  composeEnvelope(eventName, { type: 'record', name: 'Payload', fields } as Parameters<typeof composeEnvelope>[1])

/** What is in an envelope around its payload. */
export interface RawEnvelope {
  readonly schemaId: number
  readonly id: string
  readonly aggregateId: string
  readonly eventName: string
  /** Avro. */
  readonly payload: Buffer
  /** Microseconds since 1970; default now. */
  readonly occurredAt?: bigint
}

/** The value of an event as it goes over the wire, around any bytes for its payload. */
export function rawEnvelope({ schemaId, id, aggregateId, eventName, payload, ...rest }: RawEnvelope): Buffer {
  const { occurredAt = BigInt(Date.now()) * 1000n } = rest
  const text = (value: string): Buffer => Buffer.concat([varint(Buffer.byteLength(value)), Buffer.from(value)])
  const parts = [text(id), text(aggregateId), varint(occurredAt), text(eventName), payload, varint(1)]
  return wire(schemaId, Buffer.concat(parts))
}
