import type { Socket } from 'node:net'
import type { ISocketFactory } from 'kafkajs'
import connectionModule from 'kafkajs/src/network/connection.js'
import { type Patch, type PrivateClass, patch, replace } from './patch.ts'
import { isOurs } from './seeds.ts'

/**
 * The most bytes that one answer of a broker may have. A fetch brings up to 16 MiB, or one batch that is larger, and
 * brokers as shipped take no request of more than 100 MiB (socket.request.max.bytes).
 */
export const maxAnswerBytes: number = 128 * 1024 * 1024
const lengthBytes = 4
/** Each answer begins with the number of its request. */
const leastAnswerBytes = 4

interface Connection {
  readonly socketFactory: ISocketFactory
  readonly socket?: Socket
  /** What has come of the answer that is on its way. */
  readonly chunks: readonly Buffer[]
  readonly bytesBuffered: number
  /** Of that answer, its length included; as many as a length has while that is not known. */
  readonly bytesNeeded: number
  /** Set while it logs in. */
  readonly authHandlers: object | null
  readonly authExpectResponse: boolean
  processData(bytes: Buffer): void
}

/** Whether each answer begins with its length, and the connection is of this adapter. In some logins none does. */
export const hasLengths = ({
  socketFactory,
  authHandlers,
  authExpectResponse
}: Pick<Connection, 'socketFactory' | 'authHandlers' | 'authExpectResponse'>): boolean =>
  isOurs(socketFactory) && (!authHandlers || authExpectResponse)

/**
 * A length that an answer cannot have ends its connection, and kafkajs makes another one. Only for clients of this
 * adapter.
 */
export const limitAnswers: Patch = patch(
  {
    fixes:
      'kafkajs gathers as many bytes as a broker announces, up to 2 GiB; a length that is too short for an answer ends the process, or is read as something else.',
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
          // One answer after the other, so that each length is seen.
          for (let at = 0; at < bytes.length && !this.socket?.destroyed; ) {
            const end = at + missing(this, bytes, at)
            const piece = bytes.subarray(at, end)
            const length = lengthOf(this, piece)
            if (length < leastAnswerBytes || length > maxAnswerBytes)
              // For kafkajs it is an error of the socket: what waits for an answer fails, and may be asked again.
              return void this.socket?.destroy(new Error(wordsFor(length)))
            processData.call(this, piece)
            at = end
          }
        }
    )
  }
)

/** How many of these bytes belong to the answer that is on its way, as far as its length is known. */
function missing({ bytesBuffered, bytesNeeded }: Connection, bytes: Buffer, at: number): number {
  if (bytesNeeded === lengthBytes && bytesBuffered === 0 && bytes.length - at >= lengthBytes)
    return lengthBytes + Math.max(0, bytes.readInt32BE(at))
  return bytesNeeded - bytesBuffered
}

/** The length that is known once these bytes have come; the least that there can be where it is not. */
function lengthOf({ chunks, bytesBuffered, bytesNeeded }: Connection, piece: Buffer): number {
  if (bytesNeeded > lengthBytes) return bytesNeeded - lengthBytes
  if (bytesBuffered + piece.length < lengthBytes) return leastAnswerBytes
  return (bytesBuffered === 0 ? piece : Buffer.concat([...chunks, piece])).readInt32BE(0)
}

const wordsFor = (length: number): string =>
  `it announces an answer of ${length} bytes, which can be ${leastAnswerBytes} to ${maxAnswerBytes}. Is its port that of a Kafka broker?`
