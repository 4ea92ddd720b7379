// A consumer group of one member that writes down what its handlers were given, in the order in which they were:
// handling-process.ts <folder>
// The servers come from the environment. Ends after a drain on SIGTERM.

import { loadConfig } from '../../../../cli/config.ts'
import { connectionOf } from '../../../../cli/connection.ts'
import { createConsumerGroup, type MessageContext } from '../../../../consumers/index.ts'
import { catalogue, type Events } from '../../../../schemas/catalogue/index.ts'
import { Journal } from '../check/journal.ts'
import { handlingGroup } from './handling.ts'

const [folder = ''] = process.argv.slice(2)
const config = loadConfig()

const journal = new Journal(folder)
function handle({ id, aggregate_id }: { id: string; aggregate_id: string }, context: MessageContext): void {
  journal.add(context, `${id} ${aggregate_id}`)
}

const group = createConsumerGroup<Events>({
  group: handlingGroup,
  connection: connectionOf(config),
  topicPrefix: config.get('topicPrefix'),
  catalogue,
  sessionTimeoutMs: 3_000,
  // Suites that send garbage count every dead letter.
  breaker: false,
  handlers: { 'badge.awarded': handle, 'quiz.submitted': handle }
})
const writing = setInterval(() => journal.write(), 250)
const orphaned = () => process.exit(1)
process.once('disconnect', orphaned)
process.once('SIGTERM', () => void group.drain())
await group.start()
const failure = await group.closed
clearInterval(writing)
journal.write()
process.off('disconnect', orphaned)
process.disconnect?.()
process.exitCode = failure ? 1 : 0
