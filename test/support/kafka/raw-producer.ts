import { connect, type Socket } from 'node:net'
import { afterAll } from 'vitest'
import { int16, int32, protocolString } from './wire.ts'

/** What a broker says of one batch: 0 and the offset of its first record, or an error code of Kafka's protocol. */
export interface RawAnswer {
  readonly errorCode: number
  readonly baseOffset: number
}

const produceApi = 0
/** The first that may bring zstd. */
const produceVersion = 7
const timeoutMs = 30_000

/**
 * Sends record batches byte for byte, with Produce requests of its own: what no client can be made to say. Speaks to
 * one broker, which must lead what is sent to it. Requests do not wait for each other; a broker answers in their order.
 */
export class RawProducer {
  readonly #socket: Socket
  readonly #waiting: PromiseWithResolvers<Buffer>[] = []
  #received = Buffer.alloc(0)
  #correlation = 0

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', chunk => this.#take(chunk))
    const fail = (error: Error): void => {
      for (const waiting of this.#waiting.splice(0)) waiting.reject(error)
    }
    socket.on('error', fail)
    socket.on('close', () => fail(new Error('the broker closed the connection')))
  }

  /** @param broker host:port */
  static async connect(broker: string): Promise<RawProducer> {
    const [host, port] = broker.split(':')
    const socket = connect({ host: host as string, port: Number(port) })
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    return new RawProducer(socket)
  }

  async send(topic: string, partition: number, batch: Buffer): Promise<RawAnswer> {
    const head = Buffer.alloc(8)
    head.writeInt16BE(produceApi, 0)
    head.writeInt16BE(produceVersion, 2)
    head.writeInt32BE(this.#correlation++, 4)
    const body = Buffer.concat([
      ...[head, protocolString('raw-producer')],
      // No transaction, acknowledged by all in-sync replicas, one topic with one partition.
      ...[int16(-1), int16(-1), int32(timeoutMs), int32(1), protocolString(topic), int32(1), int32(partition)],
      ...[int32(batch.length), batch]
    ])
    this.#socket.write(Buffer.concat([int32(body.length), body]))
    const waiting = Promise.withResolvers<Buffer>()
    this.#waiting.push(waiting)
    const answer = await waiting.promise
    // The correlation id, the number of topics, the topic, the number of partitions, the partition.
    const at = 4 + 4 + 2 + answer.readInt16BE(8) + 4 + 4
    return { errorCode: answer.readInt16BE(at), baseOffset: Number(answer.readBigInt64BE(at + 2)) }
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk])
    while (this.#received.length >= 4) {
      const end = 4 + this.#received.readInt32BE(0)
      if (this.#received.length < end) return
      this.#waiting.shift()?.resolve(this.#received.subarray(4, end))
      this.#received = this.#received.subarray(end)
    }
  }
}

/** One that is closed after the last test of the file. */
export async function rawProducer(brokers: readonly string[]): Promise<RawProducer> {
  const producer = await RawProducer.connect(brokers[0] as string)
  afterAll(() => producer.close())
  return producer
}

/** Sends a batch and fails unless the broker stored it; returns the offset of its first record. */
export async function stored(producer: RawProducer, topic: string, partition: number, batch: Buffer): Promise<number> {
  const { errorCode, baseOffset } = await producer.send(topic, partition, batch)
  if (errorCode !== 0) throw new Error(`the broker refused a batch with error ${errorCode}`)
  return baseOffset
}
