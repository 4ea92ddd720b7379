import { connect } from 'node:net'

// Two requests of Kafka's protocol, by hand, so that the stack needs no client to see whether a broker is ready.
const findCoordinator = 10
const describeGroups = 15

/**
 * Resolves when the group coordinator answers that the broker names; rejects while it does not. The first call makes
 * `__consumer_offsets`, so that the first consumer of a new broker need not wait for it.
 */
export async function probeCoordinator(port: number): Promise<void> {
  const group = text('eventtrail-warm-up')
  // Version 1 of both answers: throttle time (4 bytes), then for FindCoordinator the error code,
  // for DescribeGroups the number of groups (4 bytes) and the first one's error code.
  const coordinator = await request(port, findCoordinator, Buffer.concat([group, Buffer.of(0)]))
  check(coordinator.readInt16BE(4))
  const named = portIn(coordinator)
  const description = await request(named, describeGroups, Buffer.concat([Buffer.of(0, 0, 0, 1), group]))
  check(description.readInt16BE(8))
}

/** After the error code: a message that may be null (length -1), the node's id, its host, its port. */
function portIn(coordinator: Buffer): number {
  const host = 8 + Math.max(0, coordinator.readInt16BE(6)) + 4
  return coordinator.readInt32BE(host + 2 + coordinator.readInt16BE(host))
}

function check(errorCode: number): void {
  if (errorCode !== 0) throw new Error(`Kafka answers with error ${errorCode}`)
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  const length = Buffer.alloc(2)
  length.writeInt16BE(bytes.length)
  return Buffer.concat([length, bytes])
}

function request(port: number, api: number, body: Buffer, version = 1): Promise<Buffer> {
  const header = Buffer.alloc(8)
  header.writeInt16BE(api, 0)
  header.writeInt16BE(version, 2)
  const message = Buffer.concat([header, text('eventtrail-stack'), body])
  const size = Buffer.alloc(4)
  size.writeInt32BE(message.length)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.setTimeout(5_000, () => socket.destroy(new Error('Kafka does not answer')))
    let answer = Buffer.alloc(0)
    socket.once('connect', () => socket.write(Buffer.concat([size, message])))
    socket.on('data', chunk => {
      answer = Buffer.concat([answer, chunk])
      if (answer.length < 8 || answer.length < 4 + answer.readInt32BE(0)) return
      resolve(answer.subarray(8)) // after the size and the correlation id
      socket.destroy()
    })
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('Kafka closed the connection')))
  })
}
