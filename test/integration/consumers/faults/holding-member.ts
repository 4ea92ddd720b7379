// A group member as a process of its own, for tests that measure what it holds. Its handlers wait until it reads a line;
// prints what it has at most held (bytes of messages), how many it has handled, and its largest resident set.
import { createConsumerGroup } from '../../../../consumers/index.ts'
import { catalogue, type Events } from '../../../../schemas/catalogue/index.ts'

const { KAFKA_BROKERS = '', SCHEMA_REGISTRY_URL = '', TOPIC_PREFIX = '', MAX_BYTES_HELD } = process.env

const gate = Promise.withResolvers<void>()
const group = createConsumerGroup<Events>({
  group: 'holding',
  connection: { kafka: { brokers: KAFKA_BROKERS.split(',') }, registry: { url: SCHEMA_REGISTRY_URL } },
  topicPrefix: TOPIC_PREFIX,
  catalogue,
  ...(MAX_BYTES_HELD && { maxBytesHeld: Number(MAX_BYTES_HELD) }),
  handlers: { 'badge.awarded': () => gate.promise }
})
let mostHeld = 0
let lastHeld = 0
let same = 0
await group.start()
const look = setInterval(() => {
  const { bytesHeld, running } = group.stats()
  mostHeld = Math.max(mostHeld, bytesHeld)
  same = bytesHeld === lastHeld && running > 0 ? same + 1 : 0
  lastHeld = bytesHeld
  if (same === 40) process.stdout.write(`full ${bytesHeld}\n`)
}, 50)
process.stdin.once('data', async () => {
  gate.resolve()
  await group.whenCaughtUp({ timeoutMs: 120_000 })
  clearInterval(look)
  const { handled } = group.stats()
  const residentMb = Math.round(process.resourceUsage().maxRSS / 1024)
  await group.drain()
  process.stdout.write(`${JSON.stringify({ mostHeld, handled, residentMb })}\n`, () => process.exit(0))
})
