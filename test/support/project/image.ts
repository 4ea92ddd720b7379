import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterAll } from 'vitest'
import { cloneRoot } from '../../../dev/tools/folders.ts'

/** What the image has in `/app`, with a Node, made without a container engine by the lines of the Dockerfile. */
export interface Image {
  /** The `/app` of the image. */
  readonly app: string
  /** Environment, user and folder in which its processes run. */
  readonly options: {
    readonly cwd: string
    readonly env: Readonly<Record<string, string>>
    readonly uid?: number
    readonly gid?: number
  }
  /** The program of the image and its arguments before those of `docker run`. */
  readonly entry: readonly [string, ...string[]]
}

type Line = readonly [instruction: string, rest: string]

function linesOf(dockerfile: string): Line[] {
  return dockerfile
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter(line => line.trim() !== '')
    .map(line => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1).trim()])
}

/** Builds it, until the last test of the file has ended. */
export function buildImage(): Image {
  const root = mkdtempSync(join(tmpdir(), 'eventtrail-image-'))
  afterAll(() => rmSync(root, { recursive: true, force: true }))
  chmodSync(root, 0o755)
  const context = join(root, 'context')
  const build = join(root, 'build', 'app')
  const app = join(root, 'image', 'app')
  for (const folder of [context, build, app]) mkdirSync(folder, { recursive: true })
  sendContext(context)
  const lines = linesOf(readFileSync(join(cloneRoot, 'Dockerfile'), 'utf8'))
  const second = lines.findLastIndex(([instruction]) => instruction === 'FROM')
  // Another user has to be able to run this Node, wherever the clone is.
  const bin = join(root, 'bin')
  mkdirSync(bin)
  cpSync(process.execPath, join(bin, 'node'))

  for (const [instruction, rest] of lines.slice(0, second)) {
    if (instruction === 'COPY') copy(context, build, rest.split(/\s+/))
    if (instruction === 'RUN')
      execFileSync('sh', ['-ec', rest], {
        ...{ cwd: build, stdio: 'pipe', env: { ...process.env, PATH: `${bin}:${process.env.PATH}` } }
      })
  }
  let entry: readonly string[] = []
  const env: Record<string, string> = { PATH: bin }
  for (const [instruction, rest] of lines.slice(second)) {
    if (instruction === 'COPY') {
      const [from = '', ...words] = rest.split(/\s+/)
      if (from !== '--from=build') throw new Error(`not a copy of the build: ${rest}`)
      copy(dirname(build), app, [...words.slice(0, -1).map(word => word.slice(1)), words.at(-1) ?? ''])
    }
    if (instruction === 'ENV') env[rest.slice(0, rest.indexOf('='))] = rest.slice(rest.indexOf('=') + 1)
    if (instruction === 'ENTRYPOINT') entry = JSON.parse(rest) as string[]
  }
  const [, ...args] = entry
  return { app, entry: [join(bin, 'node'), ...args], options: { cwd: app, env, ...userWithoutRights(app) } }
}

/** Only root can become another user; any other takes its own right to write away. */
function userWithoutRights(app: string): { uid?: number; gid?: number } {
  if (process.getuid?.() === 0) return { uid: 12_345, gid: 12_345 }
  spawnSync('chmod', ['-R', 'a-w', app])
  afterAll(() => void spawnSync('chmod', ['-R', 'u+w', app]))
  return {}
}

/** What `.dockerignore` lets through: it names everything and then the exceptions. */
function sendContext(context: string): void {
  const lines = readFileSync(join(cloneRoot, '.dockerignore'), 'utf8').split('\n')
  for (const pattern of lines.filter(line => line.startsWith('!')).map(line => line.slice(1))) {
    const names = pattern.includes('*') ? matching(pattern) : [pattern]
    for (const name of names) cpSync(join(cloneRoot, name), join(context, name), { recursive: true })
  }
}

function matching(pattern: string): string[] {
  const [start = '', end = ''] = pattern.split('*')
  return execFileSync('git', ['ls-files', '--', pattern], { cwd: cloneRoot, encoding: 'utf8' })
    .split('\n')
    .filter(name => name.startsWith(start) && name.endsWith(end) && !name.includes('/') && name !== '')
}

/** As COPY does: a folder's content into the target, several sources into a folder. */
function copy(from: string, to: string, words: readonly string[]): void {
  const sources = words.slice(0, -1)
  const target = join(to, words.at(-1) ?? '')
  const intoFolder = sources.length > 1 || (words.at(-1) ?? '').endsWith('/')
  for (const source of sources) {
    const path = join(from, source)
    if (!existsSync(path)) throw new Error(`the Dockerfile copies ${source}, which is not there`)
    cpSync(path, intoFolder ? join(target, basename(source)) : target, { recursive: true, verbatimSymlinks: true })
  }
}
