import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { cloneRoot } from '../../../dev/tools/folders.ts'

const run = promisify(execFile)
const pgAndItsOwn = /^(pg|pg-.*|postgres-.*|xtend|split2)$/

/** Packages that importing an entry point may load. A service pays for them at each start. */
const bounds: Readonly<Record<string, (name: string) => boolean>> = {
  producer: name => ['kafkajs', 'uuid'].includes(name),
  bus: name => name === 'uuid',
  schemas: () => false,
  example: () => false,
  consumer: name => name === 'kafkajs',
  testing: () => false,
  indexer: name => name === 'kafkajs' || pgAndItsOwn.test(name),
  notifier: name => name === 'kafkajs' || pgAndItsOwn.test(name),
  sink: name => name === 'kafkajs' || pgAndItsOwn.test(name),
  status: name => ['prom-client', 'tdigest', 'bintrees', '@opentelemetry/api'].includes(name),
  index: name => ['kafkajs', 'uuid'].includes(name) || pgAndItsOwn.test(name)
}

async function loadedBy(entry: string): Promise<readonly string[]> {
  const reporter = join(cloneRoot, 'test', 'support', 'processes', 'loaded-packages.ts')
  const { stdout } = await run(process.execPath, [reporter, join(cloneRoot, 'api', `${entry}.ts`)])
  return JSON.parse(stdout) as string[]
}

test.each(Object.keys(bounds))('importing the entry point %s loads no more packages than it needs', async entry => {
  const loaded = await loadedBy(entry)
  expect(loaded.filter(name => !bounds[entry]?.(name))).toEqual([])
})

test('the packages of an import are seen', async () => {
  expect(await loadedBy('producer')).toEqual(['kafkajs', 'uuid'])
  expect(await loadedBy('sink')).toContain('pg')
})

test('every entry point has a bound', () => {
  expect(Object.keys(bounds).sort()).toEqual(
    readdirSync(join(cloneRoot, 'api'))
      .map(name => name.replace('.ts', ''))
      .sort()
  )
})
