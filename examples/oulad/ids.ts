import { createHash } from 'node:crypto'
import { stringify, v5 } from 'uuid'

/** Names in the data set become UUIDs in this namespace, the same in every run. */
const namespace = v5('https://analyse.kmi.open.ac.uk/open-dataset', v5.URL)

/** The UUID (version 5) of something that has a name: `('student', '11391')`. */
export function entityId(kind: string, ...name: readonly string[]): string {
  return v5([kind, ...name].join('\n'), namespace)
}

/**
 * The id of the event of a row: laid out as a UUID of version 7, with the time from `occurredAt` and
 * the rest from a hash of what identifies the row. The same row thus has the same id in every run, and is
 * stored once.
 * @param occurredAt microseconds since 1970.
 */
export function eventId(occurredAt: bigint, ...identity: readonly string[]): string {
  const ms = occurredAt / 1_000n
  if (occurredAt < 0n || ms >= 1n << 48n)
    throw new RangeError('a UUID of version 7 has no time before 1970 or after 10889')
  const bytes = createHash('sha256').update(identity.join('\n')).digest().subarray(0, 16)
  bytes.writeUIntBE(Number(ms), 0, 6)
  bytes[6] = 0x70 | ((bytes[6] as number) & 0x0f)
  bytes[8] = 0x80 | ((bytes[8] as number) & 0x3f)
  return stringify(bytes)
}
