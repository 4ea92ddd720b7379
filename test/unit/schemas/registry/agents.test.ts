import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { afterAll, expect, it } from 'vitest'
import { Agents } from '../../../../schemas/registry/transport/agents.ts'

const folder = mkdtempSync(join(tmpdir(), 'eventtrail agents '))
afterAll(() => rmSync(folder, { recursive: true }))
const file = join(folder, 'ca.pem')
const [one = '', other = ''] = rootCertificates
const https = 'https://registry'

it('speaks no TLS where the URL has none', async () => {
  const agents = new Agents({ ca: 'no certificate' })
  expect(await agents.of('http://registry')).toBe(await agents.of('http://elsewhere'))
})

it('makes new connections when a file has changed, and none while it has not', async () => {
  writeFileSync(file, one)
  const agents = new Agents({ ca: { file } })
  const first = await agents.of(https)
  expect(await agents.of(https)).toBe(first)
  expect(await agents.of(https, true)).not.toBe(first)
  writeFileSync(file, other)
  const second = await agents.of(https)
  expect(second).not.toBe(first)
  expect(first.maxFreeSockets).toBe(0)
})

it('keeps the old ones while a file is unusable', async () => {
  writeFileSync(file, one)
  const agents = new Agents({ ca: { file } })
  const first = await agents.of(https)
  for (const half of ['', one.slice(0, 100)]) {
    writeFileSync(file, half)
    expect(await agents.of(https)).toBe(first)
  }
})

const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const plain = key.export({ type: 'pkcs8', format: 'pem' }).toString()
const encrypted = key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'S3cret' }).toString()

it.each([
  ['a CA that is none', { ca: 'S3cret' }],
  ['a file that is not there', { ca: { file: join(folder, 'absent') } }],
  ['a key of another certificate', { certificate: one, key: plain }],
  ['a certificate that is none', { certificate: 'S3cret', key: plain }],
  ['a wrong passphrase', { certificate: one, key: encrypted, passphrase: 'S3cret2' }]
])('%s is an error that names the settings', async (_, tls) => {
  const error: unknown = await new Agents(tls).of(https).catch(thrown => thrown)
  expect(error).toMatchObject({
    code: 'REGISTRY_UNTRUSTED',
    message: expect.stringMatching(/connection\.registry\.tls/)
  })
  expect((error as Error).message).not.toContain('S3cret')
})
