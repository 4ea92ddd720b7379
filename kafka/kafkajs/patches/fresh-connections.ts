import { createRequire } from 'node:module'
import type { Socket } from 'node:net'

interface Connection {
  socket?: Socket
  /** What came of an answer that is not whole yet. */
  chunks: Buffer[]
  bytesBuffered: number
  bytesNeeded: number
  isConnected(): boolean
  connect(): Promise<boolean>
}

const lengthBytes = 4
let mended = false

/**
 * kafkajs keeps the beginning of an answer when the connection breaks in its middle, and reads what comes over the next
 * one as its end: from then on no answer matches a request, for as long as the process lives.
 */
export function startConnectionsEmpty(): void {
  if (mended) return
  mended = true
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/connection') as { prototype: Connection }
  const { connect } = prototype
  prototype.connect = function (this: Connection) {
    if (!this.isConnected()) {
      // The old socket may have something left to say.
      this.socket?.removeAllListeners('data')
      this.chunks = []
      this.bytesBuffered = 0
      this.bytesNeeded = lengthBytes
    }
    return connect.call(this)
  }
}
