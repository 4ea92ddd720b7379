import { execFileSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterAll, expect, test } from 'vitest'
import { openTileStore } from '../../../audit/index.ts'
import { composeTimestampRequest, grantsTimestamp, stampCheckpoint } from '../../../audit/timestamp/timestamp.ts'

const folder = mkdtempSync(join(tmpdir(), 'eventtrail-tsa-'))
afterAll(() => rmSync(folder, { recursive: true }))
const at = (name: string): string => join(folder, name)
const openssl = (...args: string[]): string =>
  execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

writeFileSync(at('serial'), '01\n')
writeFileSync(
  at('tsa.cnf'),
  `[req]\ndistinguished_name = dn\nx509_extensions = ext\nprompt = no\n[dn]\nCN = Test TSA\n[ext]\nextendedKeyUsage = critical,timeStamping
[tsa]\ndefault_tsa = one\n[one]\nserial = ${at('serial')}\nsigner_cert = ${at('tsa.pem')}\nsigner_key = ${at('tsa.key')}\nsigner_digest = sha256
default_policy = 1.2.3.4.1\ndigests = sha256\n`
)
openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'tsa.key', '-out', 'tsa.pem', '-config', 'tsa.cnf')

let asked = 0
const authority = createServer(async (request, response) => {
  asked += 1
  writeFileSync(at('request.tsq'), await buffer(request))
  openssl('ts', '-reply', '-config', 'tsa.cnf', '-queryfile', 'request.tsq', '-out', 'reply.tsr')
  response.end(execFileSync('cat', [at('reply.tsr')]))
})
await new Promise<void>(resolve => authority.listen(0, '127.0.0.1', resolve))
afterAll(() => authority.close())
const url = `http://127.0.0.1:${(authority.address() as AddressInfo).port}/`

const note = 'school.example/trail\n3\nroot\n\n— a signature\n'
mkdirSync(at('log'))
const store = await openTileStore(`file:${at('log')}`, { env: {}, warn: () => undefined })

test('an authority stamps a checkpoint once, and openssl verifies the stamp', async () => {
  await stampCheckpoint(store, 3, note, url)
  await stampCheckpoint(store, 3, note, url)
  expect(asked).toBe(1)
  writeFileSync(at('note'), note)
  const stamp = 'log/timestamps/00000000000000000003.tsr'
  expect(openssl('ts', '-verify', '-data', 'note', '-in', stamp, '-CAfile', 'tsa.pem')).toContain('Verification: OK')
  writeFileSync(at('another'), `${note} `)
  expect(() => openssl('ts', '-verify', '-data', 'another', '-in', stamp, '-CAfile', 'tsa.pem')).toThrow()
})

test('the request is one that openssl reads', () => {
  const digest = hash('sha256', note, 'buffer')
  writeFileSync(at('own.tsq'), composeTimestampRequest(digest))
  const text = openssl('ts', '-query', '-in', 'own.tsq', '-text')
  expect(text).toContain('Hash Algorithm: sha256')
  expect(text).toContain('Certificate required: yes')
})

test('what grants no stamp of this checkpoint is not kept', async () => {
  const digest = hash('sha256', note, 'buffer')
  const refused = Buffer.from('3003020102', 'hex')
  for (const answer of [Buffer.alloc(0), Buffer.from('<html>'), refused, Buffer.concat([refused, digest])])
    expect(grantsTimestamp(answer, digest)).toBe(false)
  await expect(stampCheckpoint(store, 4, note, 'http://127.0.0.1:1/')).rejects.toMatchObject({
    code: 'TIMESTAMP_UNAVAILABLE',
    retryable: true
  })
  expect(await store.get('timestamps/00000000000000000004.tsr')).toBeUndefined()
})
