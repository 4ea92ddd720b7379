import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { cloneRoot } from '../../../../dev/tools/folders.ts'

// Which calls of the docker command are made, and in which order. Whether an engine does what they say is
// not tried here: `docker` is a script that writes down how it was called.
const run = promisify(execFile)
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'eventtrail-docker-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function fakeDocker(script: string): void {
  const file = join(folder, 'docker')
  writeFileSync(file, `#!/bin/sh\necho "$EVENTTRAIL_KAFKA_PORT $@" >> '${folder}/calls'\n${script}\n`)
  chmodSync(file, 0o755)
}

async function withStack(use: string): Promise<string> {
  const script = `
    import { startStack } from ${JSON.stringify(join(cloneRoot, 'dev', 'stack', 'stack.ts'))}
    try {
      const stack = await startStack({ kind: 'try' })
      ${use}
      await stack.stop()
    } catch (error) {
      console.log(error.code, error.message)
    }`
  const env = {
    ...process.env,
    PATH: `${folder}${delimiter}${process.env.PATH}`,
    EVENTTRAIL_HOME: join(folder, 'home'),
    EVENTTRAIL_STACK: 'docker'
  }
  return (await run(process.execPath, ['--input-type=module', '-e', script], { env })).stdout.trim()
}

test('servers in containers get free ports, a project of their own, and leave no volume', async () => {
  fakeDocker('exit 0')
  const printed = await withStack('await stack.restartable.kafka.kill(); console.log(JSON.stringify(stack))')
  const { id, env } = JSON.parse(printed) as { id: string; env: Record<string, string> }
  const port = env.KAFKA_BROKERS?.split(':')[1]
  const project = `compose --project-name eventtrail-${id} --file ${join(cloneRoot, 'docker-compose.yml')}`
  const calls = readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n')
  expect(calls.map(call => call.trim())).toEqual([
    'compose version',
    'info',
    `${port} ${project} up --detach --wait kafka registry postgres`,
    `${port} ${project} kill kafka`,
    expect.stringContaining(`${project} stop`),
    expect.stringContaining(`${project} stop`),
    expect.stringContaining(`${project} stop`),
    `${project} down --remove-orphans --volumes`
  ])
  expect(readdirSync(join(folder, 'home', 'run'))).toEqual([])
})

test('containers that do not start are removed, and docker is quoted', async () => {
  fakeDocker('case "$*" in *up*) echo "no space left" >&2; exit 1;; esac')
  expect(await withStack('')).toBe('SERVER_FAILED docker compose could not start the servers: no space left')
  expect(readFileSync(join(folder, 'calls'), 'utf8')).toContain('down --remove-orphans --volumes')
})

test('an engine that does not answer is named', async () => {
  fakeDocker('exit 1')
  expect(await withStack('')).toMatch(/^DOCKER_MISSING .*no Docker engine with compose answers/)
})
