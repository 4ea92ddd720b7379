import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import {
  AuditError,
  checkpointPath,
  checkpointPathOf,
  openTileStore,
  readCheckpoint,
  readEntries,
  readTile,
  type TileStore
} from '../../../audit/index.ts'
import { composeBundle, tilePath } from '../../../proof/index.ts'
import { objectServer } from '../../support/processes/object-server.ts'

const root = mkdtempSync(join(tmpdir(), 'eventtrail-tiles-'))
afterAll(() => rmSync(root, { recursive: true }))
const server = await objectServer()
const options = {
  env: {
    AWS_ACCESS_KEY_ID: 'key',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_ENDPOINT_URL: process.env.EVENTTRAIL_S3_ENDPOINT ?? server.url
  },
  warn: () => undefined
}
/** Of the bucket, or of the folder that holds all. */
const fresh = () => `log-${randomBytes(4).toString('hex')}`

function newFolder(): string {
  const folder = join(root, fresh())
  mkdirSync(folder)
  return folder
}

const stores: Readonly<Record<string, () => Promise<TileStore>>> = {
  'a folder': () => openTileStore(`file:${newFolder()}`, options),
  'a bucket': () => openTileStore(`s3://trail/${fresh()}`, options)
}
const path = 'tile/entries/x001/067.p/12'

test.each(Object.entries(stores))('%s gives what was put, and nothing for what was not', async (_, open) => {
  const store = await open()
  expect(await store.get(path)).toBeUndefined()
  expect(await readCheckpoint(store)).toBeUndefined()
  for (const bytes of [Buffer.from('entries'), Buffer.alloc(0), randomBytes(300_000)]) {
    const name = `tile/entries/${bytes.length}`
    await store.put(name, bytes)
    expect((await store.get(name))?.equals(bytes)).toBe(true)
  }
})

test.each(Object.entries(stores))('%s takes the same bytes again, and other ones only to replace', async (_, open) => {
  const store = await open()
  await store.put(path, Buffer.from('one'))
  await store.put(path, Buffer.from('one'))
  await expect(store.put(path, Buffer.from('two'))).rejects.toMatchObject({ code: 'STORE_DIFFERS', retryable: false })
  expect(String(await store.get(path))).toBe('one')
  for (const each of ['one', 'two']) {
    await store.put(checkpointPathOf(each.length), Buffer.from('one'))
    await store.put(checkpointPath, Buffer.from(each), { replace: true })
    expect(await readCheckpoint(store)).toBe(each)
  }
  expect(String(await store.get('checkpoints/00000000000000000003'))).toBe('one')
})

test.each(Object.entries(stores))('two that write the same file to %s at once leave one of them', async (_, open) => {
  const store = await open()
  const results = await Promise.allSettled(['one', 'two'].map(each => store.put(path, Buffer.from(each))))
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  expect(['one', 'two']).toContain(String(await store.get(path)))
})

test.each(Object.entries(stores))('what is not full any more in %s is read from the fuller file', async (_, open) => {
  const store = await open()
  const tile = { level: 0, index: 0, width: 3 }
  await expect(readTile(store, tile)).rejects.toMatchObject({
    code: 'STORE_MISSING',
    message: expect.stringContaining('tile/0/000.p/3')
  })
  const hashes = randomBytes(256 * 32)
  await store.put(tilePath({ ...tile, width: 256 }), hashes)
  expect(await readTile(store, tile)).toEqual(hashes.subarray(0, 3 * 32))
  await store.put(tilePath(tile), hashes.subarray(32, 4 * 32))
  expect(await readTile(store, tile)).toEqual(hashes.subarray(32, 4 * 32))

  const entries = Array.from({ length: 258 }, (_, index) => Buffer.from(`entry ${index}`))
  await store.put('tile/entries/000', composeBundle(entries.slice(0, 256)))
  await store.put('tile/entries/001.p/2', composeBundle(entries.slice(256)))
  const read = async (size: number, from?: number) =>
    (await Array.fromAsync(readEntries(store, size, from))).map(String)
  expect(await read(258)).toEqual(entries.map(String))
  expect(await read(258, 255)).toEqual(['entry 255', 'entry 256', 'entry 257'])
  expect(await read(3)).toEqual(['entry 0', 'entry 1', 'entry 2'])
  await expect(read(257)).rejects.toMatchObject({ code: 'STORE_MISSING' })
})

test('files of a folder may be read by all, and leave nothing half-written', async () => {
  const folder = newFolder()
  const store = await openTileStore(`file:${folder}`, options)
  expect(store.address).toBe(`file://${folder}`)
  const umask = process.umask(0o077)
  await store.put('tile/0/000', Buffer.from('x')).finally(() => process.umask(umask))
  await store.put('tile/0/000', Buffer.from('y')).catch(() => undefined)
  expect(statSync(join(folder, 'tile/0/000')).mode & 0o777).toBe(0o644)
  expect(readdirSync(join(folder, 'tile/0'))).toEqual(['000'])
})

test('a place that refuses or is away is said to be so', async () => {
  const file = join(root, fresh())
  writeFileSync(file, '')
  const refused = { code: 'STORE_REFUSED', misconfigured: true }
  await expect(openTileStore(`file:${file}`, options)).rejects.toBeInstanceOf(AuditError)
  await expect(openTileStore(`file:${file}`, options)).rejects.toMatchObject(refused)
  await expect(openTileStore(`file:${file}-none`, options)).rejects.toMatchObject(refused)
  await expect((await openTileStore('s3://none/x', options)).get('checkpoint')).rejects.toMatchObject(refused)
  const env = { ...options.env, AWS_ENDPOINT_URL: 'http://127.0.0.1:1' }
  const away = await openTileStore('s3://trail/x', { ...options, env })
  await expect(away.get('checkpoint')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true })
})

test.each(['', 'log', 'file:', 'ftp://host/x', 's3:/trail', 's3://T'])('%j is no place of a log', async address => {
  await expect(openTileStore(address, options)).rejects.toMatchObject({ code: 'USAGE' })
})
