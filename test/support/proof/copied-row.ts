import { composeRow, type ProofRow } from '../../../proof/index.ts'

/**
 * A row as COPY gives it with `recorded_at`, and where its columns are.
 * @param recorded µs since 2000
 */
export const copiedRow = (row: ProofRow, recorded: number) => copied(composeRow(row), recorded)

/** The same of a row in its bytes. @param recorded default 0 */
export function copied(row: Buffer, recorded = 0): [bytes: Buffer, at: Int32Array] {
  const time = Buffer.alloc(8)
  time.writeBigInt64BE(BigInt(recorded))
  const bytes = Buffer.concat([row, Buffer.of(0, 0, 0, 8), time])
  bytes.writeInt16BE(12)
  const places: number[] = []
  for (let at = 2; at < bytes.length; ) {
    const length = bytes.readInt32BE(at)
    at += 4
    places.push(at, length < 0 ? -1 : at + length)
    at += Math.max(0, length)
  }
  return [bytes, Int32Array.from(places)]
}
