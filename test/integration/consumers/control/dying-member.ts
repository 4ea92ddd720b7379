// A member as in member.ts that ends by SIGKILL when a rewind is committed: before that, or after Kafka has confirmed it.
import { SupervisedConsumer } from '../../../../kafka/kafkajs/member/consumer.ts'

const commit = SupervisedConsumer.prototype.commit
SupervisedConsumer.prototype.commit = async function (offsets) {
  const isRewind = offsets.some(({ metadata }) => metadata?.startsWith('rewind:'))
  if (isRewind && process.env.DIE === 'before') process.kill(process.pid, 'SIGKILL')
  await commit.call(this, offsets)
  if (isRewind && process.env.DIE === 'after') process.kill(process.pid, 'SIGKILL')
}
await import('../member.ts')
