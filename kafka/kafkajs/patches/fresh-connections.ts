import type { Socket } from 'node:net'
import connectionModule from 'kafkajs/src/network/connection.js'
import { type Patch, type PrivateClass, patch, replace } from './patch.ts'

interface Connection {
  socket?: Socket
  /** What came of an answer that is not complete yet. */
  chunks: Buffer[]
  bytesBuffered: number
  bytesNeeded: number
  isConnected(): boolean
  connect(): Promise<boolean>
}

const lengthBytes = 4

export const startConnectionsEmpty: Patch = patch(
  {
    fixes:
      'kafkajs keeps the beginning of an answer when the connection breaks in its middle, and takes what comes over the next connection for its end: from then on no answer matches a request, as long as the process lives.',
    issues: []
  },
  () => {
    const { prototype } = connectionModule as PrivateClass<Connection>
    replace(
      prototype,
      'connect',
      connect =>
        function (this: Connection) {
          if (!this.isConnected()) {
            // The old socket may still have bytes to deliver.
            this.socket?.removeAllListeners('data')
            this.chunks = []
            this.bytesBuffered = 0
            this.bytesNeeded = lengthBytes
          }
          return connect.call(this)
        }
    )
  }
)
