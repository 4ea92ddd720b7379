import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cloneRoot } from '../../../../dev/tools/folders.ts'
import { nodeFlags } from '../../../support/processes/node-flags.ts'
import { eventually } from '../../../support/stack.ts'

// The entry in a clone of its own, with a cli/main.ts that says how it was called and an `npm` that installs nothing
// but the Node of this run: how the real npm behaves is not asked here.
const run = promisify(execFile)
let clone: string

beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'eventtrail entry '))
  for (const file of [
    'bin/eventtrail.mjs',
    'dev/tools/clone.mjs',
    'dev/tools/install.mjs',
    'dev/tools/lock.mjs',
    'package.json'
  ]) {
    cpSync(join(cloneRoot, file), join(clone, file))
  }
  writeFileSync(join(clone, 'package-lock.json'), '{}')
  mkdirSync(join(clone, 'cli'))
  writeFileSync(
    join(clone, 'cli/main.ts'),
    "const words: string[] = process.argv.slice(2)\nconsole.log(words.join('|'))\n"
  )
  fakeNpm('mkdir -p node_modules/.bin; ln -sf "$NODE_OF_TEST" node_modules/.bin/node')
})
afterEach(() => rmSync(clone, { recursive: true, force: true }))

function fakeNpm(script: string): void {
  mkdirSync(join(clone, 'tools'), { recursive: true })
  writeFileSync(join(clone, 'tools', 'npm'), `#!/bin/sh\necho "$@" >> npm-calls\n${script}\n`)
  chmodSync(join(clone, 'tools', 'npm'), 0o755)
}

const npmCalls = (): string[] => readFileSync(join(clone, 'npm-calls'), 'utf8').trim().split('\n')

function environment(): NodeJS.ProcessEnv {
  const path = [join(clone, 'tools'), dirname(process.execPath), process.env.PATH].join(delimiter)
  const { npm_lifecycle_event: _, ...env } = process.env
  return { ...env, PATH: path, NODE_OF_TEST: process.execPath, EVENTTRAIL_HOME: '' }
}

async function enter(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const entry = [join(clone, 'bin', 'eventtrail.mjs'), ...args]
  const ended = run(process.execPath, entry, { cwd: clone, env: environment() })
  const {
    code = 0,
    stdout,
    stderr
  } = await ended
    .then(output => ({ code: 0, ...output }))
    .catch((failure: { code: number; stdout: string; stderr: string }) => failure)
  return { code, stdout: stdout.trim(), stderr }
}

describe('the entry in a clone', () => {
  test('installs once, then hands the arguments over as they are', async () => {
    const first = await enter('publish', 'a b', '--x=1')
    expect(first).toMatchObject({ code: 0, stdout: 'publish|a b|--x=1' })
    expect(first.stderr).toContain('installing the dependencies')
    expect(await enter('again')).toEqual({ code: 0, stdout: 'again', stderr: '' })
    expect(npmCalls()).toEqual([expect.stringMatching(/^ci --ignore-scripts/)])
  })

  test('installs again when the lockfile has changed', async () => {
    await enter()
    writeFileSync(join(clone, 'package-lock.json'), '{"lockfileVersion": 3}')
    await enter()
    expect(npmCalls()).toHaveLength(2)
  })

  test('installs once for two that come at the same time', async () => {
    fakeNpm('sleep 0.5; mkdir -p node_modules/.bin; ln -sf "$NODE_OF_TEST" node_modules/.bin/node')
    const both = await Promise.all([enter('one'), enter('two')])
    expect(both.map(({ stdout }) => stdout)).toEqual(['one', 'two'])
    expect(npmCalls()).toHaveLength(1)
  })

  test('starts Node with the flags that the image has', async () => {
    writeFileSync(join(clone, 'cli/main.ts'), "console.log(process.execArgv.join(' '))\n")
    expect(nodeFlags).not.toEqual([])
    expect((await enter()).stdout).toBe(nodeFlags.join(' '))
  })

  test('answers with the exit code of what it ran', async () => {
    writeFileSync(join(clone, 'cli/main.ts'), 'process.exitCode = 1 as number\n')
    expect((await enter()).code).toBe(1)
  })

  test('says in one line what npm could not do, and installs at the next call', async () => {
    fakeNpm('echo "npm error code ENOTFOUND" >&2; exit 1')
    const failure = await enter()
    expect(failure.code).toBe(3)
    expect(failure.stderr.trim().split('\n').at(-1)).toMatch(
      /^eventtrail: npm could not install the dependencies: npm error code ENOTFOUND\. Check .* run the same command again$/
    )
    fakeNpm('mkdir -p node_modules/.bin; ln -sf "$NODE_OF_TEST" node_modules/.bin/node')
    expect((await enter('now')).stdout).toBe('now')
  })

  test('does not run on another Node than 24', async () => {
    fakeNpm(
      'mkdir -p node_modules/.bin; printf "#!/bin/sh\\necho v20.1.0\\n" > node_modules/.bin/node; chmod +x node_modules/.bin/node'
    )
    const refusal = await enter()
    expect(refusal.code).toBe(3)
    expect(refusal.stderr).toContain('no Node 24 came with the dependencies')
    expect(existsSync(join(clone, 'node_modules', '.eventtrail-installed'))).toBe(false)
  })

  test('ends npm when it is interrupted', async () => {
    fakeNpm('echo $$ > npm-pid; sleep 1000')
    const entry = spawn(process.execPath, [join(clone, 'bin', 'eventtrail.mjs')], { cwd: clone, env: environment() })
    const pid = await eventually(
      () => existsSync(join(clone, 'npm-pid')) && readFileSync(join(clone, 'npm-pid'), 'utf8').trim(),
      {
        what: 'npm runs'
      }
    )
    entry.kill('SIGINT')
    const [code] = await once(entry, 'exit')
    expect(code).toBe(130)
    await eventually(() => !existsSync(join('/proc', pid)), { what: 'npm is gone' })
  })

  test.each(['SIGINT', 'SIGTERM'] as const)('passes %s on, and waits for the end', async signal => {
    writeFileSync(
      join(clone, 'cli/main.ts'),
      `process.once('${signal}', () => { console.log('ended well'); process.exit(130) })
       setInterval(() => {}, 1e6)
       console.log('runs')`
    )
    const entry = spawn(process.execPath, [join(clone, 'bin', 'eventtrail.mjs')], { cwd: clone, env: environment() })
    let printed = ''
    entry.stdout.on('data', chunk => (printed += chunk))
    await eventually(() => printed.includes('runs'), { what: 'the command runs' })
    entry.kill(signal)
    const [code] = await once(entry, 'close')
    expect(printed).toContain('ended well')
    expect(code).toBe(130)
  })
})

describe('what npm runs in a fresh clone', () => {
  const scripts = (
    JSON.parse(readFileSync(join(cloneRoot, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
  ).scripts

  test.each(Object.keys(scripts))('%s installs first', name => {
    // npm runs prepack before it packs, and that is the build.
    expect(scripts[name]).toMatch(/^(exec )?node (bin\/eventtrail|dev\/tools\/install)\.mjs( |$)|^npm run build$/)
  })

  test('that is done once, and what went wrong is its exit code', async () => {
    const install = () =>
      run(process.execPath, [join(clone, 'dev', 'tools', 'install.mjs')], { cwd: clone, env: environment() })
    fakeNpm('echo "npm error code ENOTFOUND" >&2; exit 1')
    await expect(install()).rejects.toMatchObject({ code: 3, stderr: expect.stringContaining('npm could not install') })
    fakeNpm('mkdir -p node_modules/.bin; ln -sf "$NODE_OF_TEST" node_modules/.bin/node')
    await install()
    expect(await install()).toMatchObject({ stdout: '', stderr: '' })
    expect(npmCalls()).toHaveLength(2)
  })
})

describe('the entry in a package', () => {
  test('runs what was built', async () => {
    rmSync(join(clone, 'cli/main.ts'))
    mkdirSync(join(clone, 'dist', 'cli'), { recursive: true })
    writeFileSync(join(clone, 'dist', 'cli', 'main.js'), "console.log('built', process.argv[2])")
    expect(await enter('x')).toEqual({ code: 0, stdout: 'built x', stderr: '' })
  })
})
