// Run by lifecycle.test.ts: starts a stack and a client of it, prints their pids, and waits to be killed.
import { spawn } from 'node:child_process'
import { startStack } from '../../../dev/stack/stack.ts'

const stack = await startStack({ kind: 'held' })
const client = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' })
stack.adopt('client', client.pid)
const { kafka, registry, postgres } = stack.restartable
const pids = [kafka.pid, registry.pid, postgres.pid, client.pid]
process.stdout.write(`${JSON.stringify({ id: stack.id, pids })}\n`)
setInterval(() => {}, 1_000_000)
