import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { cloneRoot } from '../../../dev/tools/folders.ts'
import { KafkaError } from '../../../kafka/errors.ts'
import { requirePatchedVersion } from '../../../kafka/kafkajs/version.ts'

const run = promisify(execFile)

/** Has Node read `package.json` of kafkajs with another version in it. */
const otherVersion = `
  import { registerHooks } from 'node:module'
  registerHooks({
    load(url, context, next) {
      const found = next(url, context)
      if (!url.endsWith('/kafkajs/package.json')) return found
      return { ...found, source: JSON.stringify({ ...JSON.parse(String(found.source)), version: '2.3.0' }) }
    }
  })`

const create = `
  import { createKafkaClient } from '${join(cloneRoot, 'kafka/kafkajs/index.ts')}'
  try {
    createKafkaClient({ brokers: ['127.0.0.1:1'] })
    console.log('created')
  } catch ({ name, code, retryable, message }) {
    console.log(JSON.stringify({ name, code, retryable, message }))
  }`

const asModule = (text: string): string => `data:text/javascript,${encodeURIComponent(text)}`

test('the version of kafkajs that is installed is the one that the patches were made for', () => {
  expect(() => requirePatchedVersion()).not.toThrow()
})

test('a client of another version is not created, and the error says which one is needed', async () => {
  const { stdout } = await run(process.execPath, [
    ...['--import', asModule(otherVersion)],
    ...['--input-type=module', '--eval', create]
  ])
  const words = expect.stringMatching(/kafkajs 2\.2\.4 alone and found 2\.3\.0: remove/)
  expect(JSON.parse(stdout)).toEqual({
    name: KafkaError.name,
    code: 'CLIENT_UNSUPPORTED',
    retryable: false,
    message: words
  })
})
