import { connect } from 'node:net'
import { int16, int32 } from './wire.ts'

const heartbeatApi = 68

const uvarint = (value: number): Buffer => Buffer.of(value)
const text = (words: string): Buffer => Buffer.concat([uvarint(Buffer.byteLength(words) + 1), Buffer.from(words)])
const nothing = uvarint(0)

/**
 * Joins a group by Kafka's newer protocol (KIP-848), by one ConsumerGroupHeartbeat: what our client does not speak. It stays
 * for the session timeout of the broker, or until it leaves.
 */
export async function joinByNewerProtocol(broker: string, group: string, topic: string) {
  const [host, port] = broker.split(':')
  const socket = connect({ host: host as string, port: Number(port) })
  const ask = async (memberId: string, epoch: number): Promise<Buffer> => {
    const head = Buffer.concat([int16(heartbeatApi), int16(0), int32(1), int16(5), Buffer.from('alien'), nothing])
    const body = Buffer.concat([
      ...[text(group), text(memberId), int32(epoch), nothing, nothing, int32(60_000)],
      // One topic, no assignor, no partitions yet.
      ...[uvarint(2), text(topic), nothing, uvarint(1), nothing]
    ])
    const answered = new Promise<Buffer>((resolve, reject) => socket.once('data', resolve).once('error', reject))
    socket.write(Buffer.concat([int32(head.length + body.length), head, body]))
    return answered
  }
  // Length, correlation id, tags, throttle time, error, message, member id.
  const answer = await ask('', 0)
  const errorCode = answer.readInt16BE(13)
  const messageLength = Math.max(0, (answer[15] as number) - 1)
  const at = 16 + messageLength
  const memberId = answer.toString('utf8', at + 1, at + (answer[at] as number))
  return {
    errorCode,
    async leave(): Promise<void> {
      await ask(memberId, -1)
      socket.destroy()
    }
  }
}
