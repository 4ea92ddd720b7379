import { randomFillSync } from 'node:crypto'
import { v7 } from 'uuid'

// uuid's own v7 asks the system for 16 random bytes at a time, which took a fifth of a publish.
const poolBytes = 4_096
const bytesAnId = 16
// Clocks are corrected by small steps all the time. One that is set back by more was wrong before.
const correctionMs = 1_000

/** The time in a UUID of version 7 (RFC 9562, section 5.7): its ms, as microseconds since 1970. Others have none. */
export const timeOfId = (id: string): bigint | undefined =>
  id[14] === '7' ? BigInt(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)) * 1_000n : undefined

/**
 * Makes ids of version 7, each greater than the one before, also within one millisecond and when the clock is
 * set back by up to a second. When it is set back further, ids follow it: they bring along the time of their events.
 * @param clock ms since 1970.
 */
export function createIds(clock: () => number = Date.now): () => string {
  const pool = new Uint8Array(poolBytes)
  let used = poolBytes
  let lastMs = Number.NEGATIVE_INFINITY
  let sequence = 0
  return () => {
    if (used === poolBytes) {
      randomFillSync(pool)
      used = 0
    }
    const random = pool.subarray(used, used + bytesAnId)
    used += bytesAnId
    const now = clock()
    if (now > lastMs || now < lastMs - correctionMs) {
      lastMs = now
      // 31 of the 32 bits: room to count up from any start.
      sequence = ((random[0] as number) << 23) | ((random[1] as number) << 15) | ((random[2] as number) << 7)
    } else {
      sequence = (sequence + 1) >>> 0
      if (sequence === 0) lastMs += 1
    }
    return v7({ msecs: lastMs, seq: sequence, random })
  }
}
