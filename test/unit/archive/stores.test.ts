import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openArchiveStore } from '../../../archive/index.ts'
import { folderStore } from '../../../archive/store/folder.ts'
import { bucketStore } from '../../../archive/store/s3.ts'
import { objectServer } from '../../support/processes/object-server.ts'

const folder = mkdtempSync(join(tmpdir(), 'eventtrail-store-'))
afterAll(() => rmSync(folder, { recursive: true }))
const server = await objectServer()

const bucketAt = (endpoint: string, more: object = {}) =>
  bucketStore({
    ...{
      bucket: 'trail',
      prefix: 'a prefix/',
      endpoint,
      region: 'us-east-1',
      accessKeyId: 'key',
      secretAccessKey: 'secret'
    },
    ...{ partBytes: 5 * 1_048_576, retryMs: 5_000, ...more }
  })
const stores = {
  'a folder': () => folderStore(folder),
  'a bucket': () => bucketAt(server.url),
  // moto_server -H 127.0.0.1 -p 5999, and a bucket `trail`
  ...(process.env.EVENTTRAIL_S3_ENDPOINT && {
    'a bucket elsewhere': () => bucketAt(String(process.env.EVENTTRAIL_S3_ENDPOINT))
  })
}

const bytes = randomBytes(11 * 1_048_576)

async function put(store: Awaited<ReturnType<typeof folderStore>>, name: string, content: Buffer): Promise<void> {
  const file = await store.create(name)
  try {
    for (let from = 0; from < content.length; from += 700_000) await file.write(content.subarray(from, from + 700_000))
    await file.finish()
  } catch (error) {
    await file.abort()
    throw error
  }
}

async function get(store: Awaited<ReturnType<typeof folderStore>>, name: string): Promise<Buffer> {
  await using file = await store.open(name)
  return Buffer.from(await file.read(0, file.bytes))
}

test.each(Object.entries(stores))('%s keeps files of any size, and gives them by ranges', async (_, open) => {
  const store = await open()
  for (const size of [1, 1_000, bytes.length]) {
    const name = `${randomUUID()}.parquet`
    await put(store, name, bytes.subarray(0, size))
    expect((await get(store, name)).equals(bytes.subarray(0, size))).toBe(true)
    await using file = await store.open(name)
    expect(file.bytes).toBe(size)
    expect(Buffer.from(await file.read(size - 1, size))).toEqual(bytes.subarray(size - 1, size))
  }
})

test.each(Object.entries(stores))('%s replaces no file, small or large', async (_, open) => {
  const store = await open()
  for (const size of [10, bytes.length]) {
    const name = `${randomUUID()}.parquet`
    await put(store, name, bytes.subarray(0, size))
    await expect(put(store, name, Buffer.from(bytes.subarray(0, size)).reverse())).rejects.toMatchObject({
      code: 'ARCHIVE_EXISTS'
    })
    expect((await get(store, name)).equals(bytes.subarray(0, size))).toBe(true)
  }
})

test.each(
  Object.entries(stores)
)('in %s a file that was not finished cannot be seen, and is removed', async (_, open) => {
  const store = await open()
  const [name, given] = [`${randomUUID()}.parquet`, `${randomUUID()}.parquet`]
  const file = await store.create(name)
  await file.write(bytes)
  await expect(store.open(name)).rejects.toMatchObject({ code: 'ARCHIVE_MISSING', retryable: true })
  await store.removeUnfinished(name)
  await store.removeUnfinished(randomUUID())
  await expect(store.open(name)).rejects.toMatchObject({ code: 'ARCHIVE_MISSING' })
  const aborted = await store.create(given)
  await aborted.write(bytes)
  await aborted.abort()
  await expect(store.open(given)).rejects.toMatchObject({ code: 'ARCHIVE_MISSING' })
  expect(readdirSync(folder).filter(each => each.endsWith('.partial'))).toEqual([])
  expect(server.uploads.size).toBe(0)
})

test('a bucket that cannot answer for a moment is asked again; one that refuses is not', async () => {
  const store = await bucketAt(server.url)
  server.faults.push(
    (_, response) => void response.writeHead(503).end('<Error><Code>SlowDown</Code></Error>'),
    request => void request.socket.destroy()
  )
  await put(store, 'after-faults', bytes.subarray(0, 10))
  expect(await get(store, 'after-faults')).toEqual(bytes.subarray(0, 10))

  const asked = server.seen.length
  server.faults.push(
    (_, response) => void response.writeHead(403).end('<Error><Code>AccessDenied</Code><Key>s3cr3t</Key></Error>')
  )
  const refused = await put(store, 'refused', bytes.subarray(0, 10)).catch((error: unknown) => error)
  expect(refused).toMatchObject({
    code: 'ARCHIVE_REFUSED',
    misconfigured: true,
    message: expect.stringContaining('AccessDenied')
  })
  expect(String(refused)).not.toContain('s3cr3t')
  expect(server.seen.slice(asked)).toEqual(['PUT /trail/a%20prefix/refused'])

  server.faults.push((_, response) => void response.writeHead(301, { location: 'http://127.0.0.1:1/' }).end())
  await expect(put(store, 'moved', bytes.subarray(0, 10))).rejects.toMatchObject({
    code: 'ARCHIVE_REFUSED',
    message: expect.stringContaining('AWS_REGION')
  })
  const elsewhere = await bucketAt(server.url, { bucket: 'none' })
  await expect(put(elsewhere, 'x', bytes.subarray(0, 10))).rejects.toMatchObject({ code: 'ARCHIVE_REFUSED' })
})

test('an upload in parts that fails in its last moment, with an answer of success, has failed', async () => {
  const store = await bucketAt(server.url, { retryMs: 0 })
  const file = await store.create('failed-late')
  await file.write(bytes)
  server.faults.push((_, response) => void response.writeHead(200).end('<Error><Code>InternalError</Code></Error>'))
  await expect(file.finish()).rejects.toMatchObject({ code: 'ARCHIVE_UNAVAILABLE', retryable: true })
  await file.abort()
})

const env = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret', AWS_ENDPOINT_URL: server.url }

test.each([
  '',
  'archive',
  'file:',
  'ftp://host/x',
  's3:/trail',
  's3://T',
  's3://trail/a?b',
  's3://'
])('%j is no place for an archive', async address => {
  await expect(openArchiveStore(address, { env, warn: () => undefined })).rejects.toMatchObject({ code: 'USAGE' })
})

test('keys and endpoint of a bucket come from the environment; what is missing is named, and a way without TLS too', async () => {
  const warnings: string[] = []
  const open = (more: Readonly<Record<string, string | undefined>>) =>
    openArchiveStore('s3://trail/months', { env: { ...env, ...more }, warn: words => void warnings.push(words) })
  const store = await open({})
  expect(store.addressOf('x.parquet')).toBe('s3://trail/months/x.parquet')
  await put(store, 'x.parquet', bytes.subarray(0, 10))
  expect(server.objects.has('months/x.parquet')).toBe(true)
  expect(warnings).toEqual([])
  await expect(open({ AWS_SECRET_ACCESS_KEY: undefined })).rejects.toMatchObject({
    code: 'CONFIG_MISSING',
    message: expect.stringContaining('AWS_SECRET_ACCESS_KEY')
  })
  await expect(open({ AWS_ENDPOINT_URL_S3: 'minio:9000' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  await open({ AWS_ENDPOINT_URL_S3: 'http://minio.example:9000' })
  expect(warnings).toEqual([expect.stringContaining('not https')])
})
