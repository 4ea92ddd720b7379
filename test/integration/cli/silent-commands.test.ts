import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { silentBroker } from '../../support/kafka/silent-broker.ts'
import { cli, runCli } from '../../support/processes/cli.ts'
import { eventually } from '../../support/stack.ts'
import { testTrail } from '../../support/trail.ts'

const trail = await testTrail({ partitions: 1 })
await trail.offer('badge.awarded')

const silent = await silentBroker()
const env = { ...trail.env, KAFKA_BROKERS: silent.address }

const reset = ['sink', 'reset', '--event', 'badge.awarded', '--partition', '0', '--to', 'earliest', '--reason', 'r']
const commands: Record<string, string[]> = {
  verify: ['verify'],
  doctor: ['doctor'],
  publish: ['publish', 'badge.awarded', '--example'],
  register: ['schemas', 'register', '--example'],
  reset
}

describe('with a broker that takes connections and never answers', () => {
  test('each command says what it waits for, gives up once, and is gone then', { timeout: 120_000 }, async () => {
    const ends = await Promise.all(
      Object.entries(commands).map(async ([name, args]) => {
        const began = performance.now()
        const { code, stdout, stderr } = await runCli(args, env)
        return { name, code, said: stdout + stderr, ms: performance.now() - began }
      })
    )
    for (const { name, code, said, ms } of ends) {
      expect(said, name).toMatch(/waiting for .*, for \d+ s/)
      expect(said, name).toContain('Kafka is unreachable')
      expect([name, code]).toEqual([name, name === 'doctor' ? 1 : 3])
      // One request of 30 s. Twice that it was, and more.
      expect(ms, name).toBeLessThan(50_000)
    }
  })

  test.each(Object.entries(commands))(
    '%s ends soon after Ctrl-C, and says so',
    { timeout: 60_000 },
    async (_, args) => {
      const before = silent.connections()
      const child = spawn(process.execPath, [cli, ...args], { env: { ...process.env, ...env }, stdio: 'pipe' })
      const ended = Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)])
      await eventually(() => silent.connections() > before, { what: 'it waits for Kafka', timeoutMs: 20_000 })
      child.kill('SIGINT')
      const [[code], , said] = await ended
      expect(code).toBe(130)
      expect(said).toMatch(/stopping; press Ctrl-C again to exit at once|interrupted before the first line/)
      expect(said).not.toContain('unreachable')
    }
  )
})
