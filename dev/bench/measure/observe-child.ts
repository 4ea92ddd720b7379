// Writes down which transactions are visible, about a thousand times a second: observe-child.ts <database url> <file>
// A process of its own, so that nothing else that runs delays its look.
import { closeSync, openSync, writeSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { wallClock } from './samples.ts'

const [url, file = ''] = process.argv.slice(2)
const client = new pg.Client({ connectionString: url, application_name: 'bench observer' })
await client.connect()
const output = openSync(file, 'w')
let running = true
process.once('SIGTERM', () => {
  running = false
})

let lines = ''
while (running) {
  const { rows } = await client.query<{ s: string }>({ name: 'look', text: 'SELECT pg_current_snapshot()::text AS s' })
  // The time after the answer: what is reported is never earlier than it was.
  lines += `${wallClock()} ${rows[0]?.s}\n`
  if (lines.length > 65_536) {
    writeSync(output, lines)
    lines = ''
  }
  await delay(1)
}
writeSync(output, lines)
closeSync(output)
await client.end()
