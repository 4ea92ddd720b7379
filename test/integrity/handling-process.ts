// A consumer group of one member that writes down what its handlers were given, in the order in which they were:
// handling-process.ts <folder>
// The servers come from the environment. Ends after a drain on SIGTERM.
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { createConsumerGroup, type MessageContext } from '../../consumers/index.ts'
import { loadConfig } from '../../core/config.ts'
import { catalogue, type Events } from '../../schemas/index.ts'
import { handlingGroup } from './handling.ts'
import { journalFile } from './journal.ts'

const [folder = ''] = process.argv.slice(2)
const config = loadConfig()

const lines = new Map<string, string[]>()
function write(): void {
  for (const [file, waiting] of lines) appendFileSync(file, waiting.join(''))
  lines.clear()
}
function handle({ id, aggregate_id }: { id: string; aggregate_id: string }, context: MessageContext): void {
  const file = join(folder, journalFile(context))
  const line = `${id} ${aggregate_id}\n`
  const waiting = lines.get(file)
  if (waiting) waiting.push(line)
  else lines.set(file, [line])
}

const group = createConsumerGroup<Events>({
  group: handlingGroup,
  brokers: config.require('brokers'),
  registryUrl: config.require('registryUrl'),
  topicPrefix: config.get('topicPrefix'),
  catalogue,
  sessionTimeoutMs: 3_000,
  handlers: { 'badge.awarded': handle, 'quiz.submitted': handle }
})
const writing = setInterval(write, 250)
const orphaned = () => process.exit(1)
process.once('disconnect', orphaned)
process.once('SIGTERM', () => void group.drain())
await group.start()
const failure = await group.closed
clearInterval(writing)
write()
process.off('disconnect', orphaned)
process.disconnect?.()
process.exitCode = failure ? 1 : 0
