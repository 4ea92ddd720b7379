import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, expect, test } from 'vitest'
import type { SealerOptions } from '../../../audit/index.ts'
import { checkCheckpoint, parseTrust } from '../../../proof/index.ts'
import { sealing } from '../../support/audit/sealing.ts'
import { cli } from '../../support/processes/cli.ts'
import { testOrigin, testParties } from '../../support/proof/parties.ts'
import { provedTrail } from '../../support/proof/proved-trail.ts'
import { eventually } from '../../support/stack.ts'

const { root, log } = testParties
const trail = await provedTrail()
const { place, openPlace, sealer, folder, wholeLog } = sealing(trail.databaseUrl)

/** A witness as its operator starts it. @returns its line of a trust policy */
async function startWitness(memory: string, name = 'auditor.example/w1', port = 0) {
  const args = [
    'proof',
    'witness',
    '--log',
    log.vkey,
    '--folder',
    memory,
    '--name',
    name,
    '--listen',
    `127.0.0.1:${port}`
  ]
  const env = { ...process.env, PROOF_KEY_FILE: `${folder}/${name.replaceAll('/', '-')}.key` }
  const child = spawn(process.execPath, [cli, ...args], { env, stdio: 'pipe' })
  afterAll(() => child.kill('SIGKILL'))
  let output = ''
  child.stdout.on('data', data => {
    output += String(data)
  })
  const line = await eventually(() => /^witness .*$/m.exec(output)?.[0], { what: 'the witness listens' })
  const stop = () =>
    new Promise<number | null>(resolve => {
      child.once('close', resolve)
      child.kill('SIGTERM')
    })
  return { line, port: Number(line.split(':').at(-1)), stop }
}

const trustOf = (...witnesses: readonly string[]) =>
  `log ${log.vkey}\nroot ${root.vkey}\n${witnesses.join('\n')}\nquorum ${witnesses.length === 0 ? 'none' : 'w1'}\n`
const round = async (places: SealerOptions['places'], trust: string) => {
  const made = sealer(places, { trust: parseTrust(trust) })
  try {
    return await made.round()
  } finally {
    await made.close()
  }
}
let next = 0
async function entry(): Promise<void> {
  await trail.writer('sink', { rows: 1 }).store([{ first: next, last: next }])
  next += 1
}

const memory = place()
const first = place()
const store = await openPlace(first)

test('a witness cosigns each checkpoint, remembers it over a restart, and refuses another past', async () => {
  const one = await startWitness(memory)
  const trust = trustOf(one.line)
  await entry()
  const { size } = await round([store], trust)
  await entry()
  expect(await round([store], trust)).toMatchObject({ size: size + 1, lagging: [] })
  const { signed } = checkCheckpoint(String(await store.get('checkpoint')), parseTrust(trust))
  expect(signed.map(({ key }) => key.name).sort()).toEqual(['auditor.example/w1', testOrigin])
  expect(await one.stop()).toBe(0)

  // While it is away nothing is published, and what was sealed is published later.
  await entry()
  await expect(round([store], trust)).rejects.toMatchObject({ code: 'QUORUM_MISSING', retryable: true })
  expect(await wholeLog(first)).toHaveLength(size + 1)
  const again = await startWitness(memory, undefined, one.port)
  expect(again.line).toBe(one.line)
  expect(await round([store], trust)).toMatchObject({ size: size + 2 })
  expect(await wholeLog(first)).toHaveLength(size + 2)

  // The same key signs a log of other entries, in a place of its own.
  const fork = await openPlace(place())
  await trail.rows('ALTER TABLE proof_entries DISABLE TRIGGER USER')
  await trail.rows('DELETE FROM proof_entries WHERE log_index = 1')
  await trail.rows('UPDATE proof_entries SET log_index = -log_index WHERE log_index > 1')
  await trail.rows('UPDATE proof_entries SET log_index = -log_index - 1 WHERE log_index < 0')
  await trail.rows('DELETE FROM proof_checkpoints')
  await trail.rows('ALTER TABLE proof_entries ENABLE TRIGGER USER')
  await entry()
  await entry()
  await expect(round([fork], trust)).rejects.toMatchObject({ code: 'LOG_FORKED', retryable: false })
  expect(await fork.get('checkpoint')).toBeUndefined()
  // It is no secret to the first place either.
  await expect(round([store], trust)).rejects.toMatchObject({ code: 'LOG_ROLLED_BACK' })
  expect(await again.stop()).toBe(0)
})

test('a witness that the quorum does not need, and that is away or answers nonsense, holds up nothing', async () => {
  const nonsense = createServer((_, response) => void response.writeHead(200).end('— auditor.example/w2 AAAAAAAA\n'))
  await new Promise<void>(resolve => nonsense.listen(0, '127.0.0.1', resolve))
  afterAll(() => nonsense.close())
  const { port } = nonsense.address() as AddressInfo
  const one = await startWitness(place(), 'auditor.example/w2')
  const w2 = one.line.replace('witness w1', 'witness w2').replace(/:\d+$/, `:${port}`)
  const fresh = await openPlace(place())
  const trust = trustOf().replace('quorum none', `${w2}\nquorum none`)
  const { lagging } = await round([fresh], trust)
  expect(lagging).toEqual([{ place: 'auditor.example/w2', why: expect.stringContaining('did not cosign') }])
  expect(await fresh.get('checkpoint')).toBeDefined()
  expect(await one.stop()).toBe(0)
  await entry()
  expect((await round([fresh], trust.replace(`:${port}`, ':1'))).lagging).toHaveLength(1)
})
