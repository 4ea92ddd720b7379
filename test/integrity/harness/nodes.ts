import { execFile, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { cloneRoot, partsFolder } from '../../../dev/tools/folders.ts'
import { takeLock } from '../../../dev/tools/lock.mjs'

const run = promisify(execFile)

/** The oldest Node that the package runs on, by package.json. */
export const oldestNode = '22.15.0'

/** A Node of this version, from the same packages as the clone's own; it is kept among the downloaded servers. */
export async function ensureNode(version: string): Promise<string> {
  const name = `node-${process.platform}-${process.arch}`
  const folder = join(partsFolder, `node-${version}`)
  const node = join(folder, 'node_modules', name, 'bin', 'node')
  mkdirSync(folder, { recursive: true })
  const release = await takeLock(`${folder}.lock`)
  try {
    if (spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout?.trim() !== `v${version}`) {
      const options = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund']
      await run('npm', ['install', '--prefix', folder, ...options, `${name}@${version}`])
    }
  } finally {
    release()
  }
  return node
}

/**
 * Builds the package and puts it into the folder as it is installed, next to the dependencies of the clone: the sources
 * are for Node 24 alone. @returns its entry
 */
export async function buildPackage(folder: string): Promise<string> {
  await run(process.execPath, [join(cloneRoot, 'dev', 'tools', 'build.mjs')], {
    cwd: cloneRoot,
    env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` }
  })
  for (const part of ['bin', 'dist', 'package.json'])
    cpSync(join(cloneRoot, part), join(folder, part), { recursive: true })
  const modules = join(folder, 'node_modules')
  if (!existsSync(modules)) symlinkSync(join(cloneRoot, 'node_modules'), modules)
  return join(folder, 'bin', 'eventtrail.mjs')
}
