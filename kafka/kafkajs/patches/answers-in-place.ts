import type { ISocketFactory } from 'kafkajs'
import connectionModule from 'kafkajs/src/network/connection.js'
import { hasLengths } from './answer-limit.ts'
import { type Patch, type PrivateClass, patch, replace } from './patch.ts'

interface Connection {
  readonly socketFactory: ISocketFactory
  /** What has come of the answer that is on its way. Here: once its length is known, one buffer as long as it will be. */
  chunks: Buffer[]
  bytesBuffered: number
  /** Of that answer, its length included; as many as a length has while that is not known. */
  bytesNeeded: number
  /** Set while it logs in. */
  readonly authHandlers: object | null
  readonly authExpectResponse: boolean
  processData(bytes: Buffer): void
}

const lengthBytes = 4

/** Only for clients of this adapter. */
export const gatherInPlace: Patch = patch(
  {
    fixes:
      'kafkajs gathers the pieces of an answer and joins them at its end, so that it is in memory twice; and it keeps each answer until the next one is complete, as an empty slice of it.',
    issues: []
  },
  () => {
    const { prototype } = connectionModule as PrivateClass<Connection>
    replace(
      prototype,
      'processData',
      processData =>
        function (this: Connection, bytes) {
          if (!hasLengths(this)) return processData.call(this, bytes)
          const [answer] = this.chunks
          if (this.bytesNeeded === lengthBytes || !answer) processData.call(this, bytes)
          else {
            const count = bytes.copy(answer, this.bytesBuffered)
            this.bytesBuffered += count
            if (this.bytesBuffered < this.bytesNeeded) return
            startEmpty(this)
            processData.call(this, answer)
            if (count < bytes.length) return this.processData(bytes.subarray(count))
          }
          if (this.bytesBuffered === 0) startEmpty(this)
          else if (this.bytesNeeded > lengthBytes) giveRoom(this)
        }
    )
  }
)

function startEmpty(connection: Connection): void {
  connection.chunks = []
  connection.bytesBuffered = 0
  connection.bytesNeeded = lengthBytes
}

/** The length is known: one buffer for what has come and what will. */
function giveRoom(connection: Connection): void {
  // Not out of the pool: a few bytes of that would keep all of it.
  const answer = Buffer.allocUnsafeSlow(connection.bytesNeeded)
  let at = 0
  for (const piece of connection.chunks) at += piece.copy(answer, at)
  connection.chunks = [answer]
}
