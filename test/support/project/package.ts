import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll } from 'vitest'
import { cloneRoot } from '../../../dev/tools/folders.ts'
import { takeLock } from '../../../dev/tools/lock.mjs'
import { manifest } from './manifest.ts'

const run = promisify(execFile)

export interface Answer {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** An empty project outside of the clone. */
export interface Project {
  readonly folder: string
  readonly tarball: string
  write(path: string, text: string): void
  /** Runs a program of `node_modules/.bin`, or any other of PATH; the Node of this test comes first. */
  run(program: string, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Answer>
  /** Runs a program in a way that its failure fails the test, with what it said. */
  do(program: string, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<string>
}

/**
 * Packs eventtrail as `npm publish` would, and makes an empty project that the test file removes at its end.
 * Installs `packages` next to it; `eventtrail` itself unless `without` says otherwise.
 */
export async function packedProject(packages: readonly string[] = [], { without = false } = {}): Promise<Project> {
  const root = mkdtempSync(join(tmpdir(), 'eventtrail package '))
  afterAll(() => rmSync(root, { recursive: true, force: true }))
  const folder = join(root, 'project')
  mkdirSync(folder)
  const path = `${join(folder, 'node_modules', '.bin')}:${dirname(process.execPath)}:${process.env.PATH}`
  const environment = { ...process.env, PATH: path, npm_config_loglevel: 'error', npm_config_update_notifier: 'false' }

  const runIn = async (cwd: string, program: string, args: readonly string[], env = {}): Promise<Answer> => {
    try {
      const said = await run(program, args, { cwd, env: { ...environment, ...env }, maxBuffer: 16 * 1024 * 1024 })
      return { code: 0, ...said }
    } catch (error) {
      const { code, stdout, stderr, message } = error as { code?: unknown; message: string } & Omit<Answer, 'code'>
      return { code: typeof code === 'number' ? code : -1, stdout: stdout ?? '', stderr: stderr || message }
    }
  }
  const doIn = async (cwd: string, program: string, args: readonly string[], env = {}): Promise<string> => {
    const { code, stdout, stderr } = await runIn(cwd, program, args, env)
    if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}\n${stdout}\n${stderr}`)
    return stdout
  }

  // Packing builds dist/, which other files of this run may be packing too.
  const release = await takeLock(join(cloneRoot, '.eventtrail', 'package.lock'))
  try {
    await doIn(cloneRoot, 'npm', ['pack', '--pack-destination', root])
  } finally {
    release()
  }
  const tarball = join(root, `eventtrail-${manifest.version}.tgz`)
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'project', private: true, type: 'module' }))
  const wanted = [...(without ? [] : [tarball]), ...packages]
  const options = ['--prefer-offline', '--no-audit', '--no-fund']
  if (wanted.length > 0) await doIn(folder, 'npm', ['install', ...options, ...wanted])
  return {
    folder,
    tarball,
    write(path, text) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    },
    run: (program, args, env) => runIn(folder, program, args, env),
    do: (program, args, env) => doIn(folder, program, args, env)
  }
}
