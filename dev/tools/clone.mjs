// Plain JavaScript without dependencies: what the entry does in a clone, under the machine's own Node.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { identify, isAlive, makeFolder, takeLock } from './lock.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const home = resolve(process.env.EVENTTRAIL_HOME || join(root, '.eventtrail'))
const say = line => process.stderr.write(`eventtrail: ${line}\n`)

/** As the image starts it: docs/decisions/0035. */
const nodeOptions = ['--max-semi-space-size=16']

class SetUpError extends Error {}

/** Sees to the dependencies, for what npm runs with them: 0, or the exit code of what failed. */
export function installDependencies() {
  return withInstalled(async () => 0)
}

/** Sees to the dependencies, hands over to the Node that came with them, and answers with its exit code. */
export function runInClone(args) {
  // Stripping the types of all sources takes longer than most commands do; Node keeps what it made of them.
  const env = { NODE_COMPILE_CACHE: join(home, 'compile-cache'), ...process.env }
  return withInstalled((node, handOver) =>
    handOver.run(node, [...nodeOptions, join(root, 'cli/main.ts'), ...args], {
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
      env
    })
  )
}

async function withInstalled(work) {
  const handOver = new HandOver()
  try {
    return await work(await install(handOver), handOver)
  } catch (error) {
    if (handOver.stopped) return 130
    say(error instanceof SetUpError ? error.message : `the set-up failed: ${error.message}`)
    return 3
  }
}

/** Passes signals on to the child that runs at the moment; the first one also ends what waits. */
class HandOver {
  #child
  #detached = false
  #stop = new AbortController()
  signal = this.#stop.signal

  constructor() {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => this.#pass(signal))
    // npm that was killed does not say so: its child sees only that it has another parent now.
    const parent = process.ppid
    if (process.env.npm_lifecycle_event) {
      setInterval(() => process.ppid !== parent && this.#pass('SIGTERM'), 500).unref()
    }
  }

  get stopped() {
    return this.signal.aborted
  }

  #pass(signal) {
    this.#stop.abort()
    // npm may sit in a wait that no signal ends; what it leaves half done, the next run removes.
    if (this.#detached) killGroup(this.#child.pid)
    else this.#child?.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal)
  }

  run(command, args, options, onStart) {
    return new Promise((resolve, reject) => {
      const child = spawn(command, args, options)
      this.#child = child
      this.#detached = options.detached === true
      child.once('error', reject)
      child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 3)))
      onStart?.(child)
    })
  }
}

/** Installs what the lockfile names unless that is there already. Answers with the path of Node 24. */
async function install(handOver) {
  const node = join(root, 'node_modules', '.bin', 'node')
  const stampFile = join(root, 'node_modules', '.eventtrail-installed')
  const stamp = `${createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')} ${process.platform}-${process.arch}`
  const installed = () => existsSync(node) && readText(stampFile) === stamp
  if (installed()) return node

  makeFolder(home)
  const release = await takeLock(join(home, 'install.lock'), {
    signal: handOver.signal,
    onWait: pid => say(`waiting for process ${pid}, which is installing the dependencies`)
  })
  try {
    if (installed()) return node
    await endLeftOver()
    await runNpm(handOver)
    const version = await nodeVersion(node)
    if (!version.startsWith('v24.')) {
      throw new SetUpError(
        `no Node 24 came with the dependencies for ${process.platform}-${process.arch} (found: ${version}); Linux on x64 and arm64 are supported`
      )
    }
    writeFileSync(stampFile, stamp)
    return node
  } finally {
    release()
  }
}

const npmFile = join(home, 'npm.json')

// An npm whose run was killed would write into node_modules at the same time as ours.
async function endLeftOver() {
  const left = JSON.parse(readText(npmFile) ?? 'null')
  if (!left) return
  while (isAlive(left)) {
    killGroup(left.pid)
    await new Promise(done => setTimeout(done, 50))
  }
}

function killGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // gone already
  }
}

async function runNpm(handOver) {
  const began = performance.now()
  say('installing the dependencies (once, about 350 MB)')
  const progress = setInterval(() => say(`installing the dependencies: ${seconds(began)} s`), 5_000)
  let output = ''
  try {
    const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
    const options = { cwd: root, detached: true, stdio: ['ignore', 'pipe', 'pipe'] }
    const code = await handOver.run('npm', args, options, child => {
      if (child.pid) writeFileSync(npmFile, JSON.stringify(identify(child.pid)))
      for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (output += chunk))
    })
    if (handOver.stopped) throw new SetUpError('stopped')
    if (code !== 0) {
      const reason = output
        .split('\n')
        .filter(line => /error/i.test(line) && !/log of this run/.test(line))
        .slice(0, 3)
        .join(' ')
      throw new SetUpError(
        `npm could not install the dependencies: ${reason || `it ended with ${code}`}. Check that this machine reaches an npm registry, then run the same command again`
      )
    }
    say(`dependencies installed in ${seconds(began)} s`)
  } catch (error) {
    if (error.code === 'ENOENT')
      throw new SetUpError('npm is not installed: install it (it comes with Node) and run again')
    throw error
  } finally {
    clearInterval(progress)
    rmSync(npmFile, { force: true })
  }
}

const seconds = began => Math.round((performance.now() - began) / 1_000)

function nodeVersion(node) {
  return new Promise(resolve => {
    const child = spawn(node, ['--version'], { stdio: ['ignore', 'pipe', 'ignore'] })
    let version = ''
    child.stdout.on('data', chunk => (version += chunk))
    child.once('error', () => resolve('none'))
    child.once('close', () => resolve(version.trim()))
  })
}

function readText(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
