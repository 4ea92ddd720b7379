import type { Envelope } from '../../../schemas/index.ts'

/** What a receiver gets, as Standard Webhooks has it: `type`, `timestamp` and `data`, and the rest of the envelope. */
export function webhookBody(envelope: Envelope): string {
  const { event_name, id, aggregate_id, occurred_at, schema_version, payload } = envelope
  return jsonOf({
    type: event_name,
    timestamp: new Date(Number(occurred_at / 1_000n)).toISOString(),
    id,
    aggregate_id,
    schema_version,
    data: payload
  })
}

/**
 * A payload as JSON: longs and times are numbers with all their digits, bytes are base64, a decimal is text as handlers
 * get it.
 */
export const jsonOf = (value: unknown): string =>
  JSON.stringify(value, function (this: Readonly<Record<string, unknown>>, key, shown: unknown) {
    // What a value was before a `toJSON` of its own (a Buffer has one).
    const held = this[key]
    if (typeof held === 'bigint') return rawJson(String(held))
    if (held instanceof Uint8Array) return Buffer.from(held).toString('base64')
    return shown
  })

// In Node.js since 21; TypeScript does not have it yet.
const { rawJSON: rawJson } = JSON as unknown as { readonly rawJSON: (text: string) => unknown }
