import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { filesOf, keptFiles, removeOldFiles } from '../../integrity/report/files.ts'

const home = mkdtempSync(join(tmpdir(), 'eventtrail files '))
afterAll(() => rmSync(home, { recursive: true }))
const log = join(home, 'run.ndjson')
// The settings are those of the process that loads them.
vi.stubEnv('INTEGRITY_LOG', log)
const { evidence } = await import('../../integrity/harness/settings.ts')

const written: Record<string, string> = {}
function write(name: string): void {
  const folder = evidence(name)
  writeFileSync(join(folder, 'journal'), 'a line')
  written[name] = folder
}

test('a test that passes writes down what it reported', () => write('passed'))
test('and nothing of it stays', () => {
  expect(existsSync(written.passed ?? '')).toBe(false)
  expect(keptFiles(log, false)).toBeUndefined()
})

test.fails('one that fails does so too', () => {
  write('failed')
  expect.unreachable()
})
test('and its files are kept', () => {
  expect(existsSync(join(written.failed ?? '', 'journal'))).toBe(true)
  expect(keptFiles(log, false)).toBe(filesOf(log))
})

test('files of earlier runs stay for a week', () => {
  const now = Date.now()
  const folder = join(home, 'files')
  for (const [name, days] of Object.entries({ old: 8, young: 6 })) {
    mkdirSync(join(folder, name), { recursive: true })
    writeFileSync(join(folder, name, 'journal'), 'a line')
    utimesSync(join(folder, name), now / 1_000, now / 1_000 - days * 86_400)
  }
  removeOldFiles(home, now)
  expect(readdirSync(folder).sort()).toEqual(['run', 'young'])
  removeOldFiles(join(home, 'none'), now)
})

test('a clean run keeps none, whenever they were written', () => {
  expect(keptFiles(log, true)).toBeUndefined()
  expect(existsSync(filesOf(log))).toBe(false)
})
