import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build, type Format } from 'esbuild'
import { afterAll, expect, test } from 'vitest'
import { cloneRoot } from '../../../dev/tools/folders.ts'
import { testTopics } from '../../support/kafka/topics.ts'
import { testEnvironment } from '../../support/stack.ts'

const environment = await testEnvironment()
const { read } = await testTopics(environment)
/** Far from any node_modules: what is not in the bundle is not found. */
const folder = mkdtempSync(join(tmpdir(), 'eventtrail-bundle-'))
afterAll(() => rmSync(folder, { recursive: true }))

const program = `
  import { createProducer } from './api/producer.ts'
  import { catalogue } from './schemas/catalogue/index.ts'
  const [lesson, options] = process.argv.slice(2)
  const producer = createProducer({ ...JSON.parse(options), catalogue, source: 'bundle' })
  const payload = { lesson_id: lesson, instructor_id: lesson, course_id: lesson, title: 'Bundled' }
  const published = producer.publish('lesson.published', lesson, payload)
  published.then(() => producer.close()).catch(error => {
    console.error(error)
    process.exit(1)
  })`

const createsRequire = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)"

test.each<{ readonly format: Format; readonly file: string; readonly banner?: { readonly js: string } }>([
  { format: 'cjs', file: 'service.cjs' },
  { format: 'esm', file: 'service.mjs', banner: { js: createsRequire } }
])('a producer that esbuild made one file of ($format) publishes', async ({ format, file, banner }) => {
  const outfile = join(folder, file)
  const { metafile } = await build({
    stdin: { contents: program, resolveDir: cloneRoot, loader: 'ts' },
    ...{ bundle: true, platform: 'node', format, outfile, metafile: true, logLevel: 'silent' },
    ...(banner && { banner })
  })
  const connections = Object.keys(metafile.inputs).filter(path => path.endsWith('kafkajs/src/network/connection.js'))
  expect(connections).toHaveLength(1)

  const lesson = randomUUID()
  const { connection, topicPrefix } = environment
  const options = JSON.stringify({ connection, topicPrefix })
  const { stderr } = await promisify(execFile)(process.execPath, [outfile, lesson, options], { cwd: folder })
  // An unpatched kafkajs has Node warn of a timer with a negative delay.
  expect(stderr).toBe('')
  expect((await read('lesson.published')).map(({ key }) => key)).toContain(lesson)
})
