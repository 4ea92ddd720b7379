import { existsSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

// The package has no such folder.
const root = fileURLToPath(new URL('../..', import.meta.url))
const isClone = existsSync(join(root, 'dev', 'package.json'))

/** How a new project gets an eventtrail that the registry of npm may not have. */
export interface PackedClone {
  /** For `dependencies`: the file that `npm pack` writes. */
  readonly dependency: string
  /** Writes that file; for a shell in the folder of the project. */
  readonly command: string
}

/** For a project in `folder`; undefined where this eventtrail was installed as a package. */
export function packedClone(folder: string, version: string): PackedClone | undefined {
  if (!isClone) return undefined
  const way = relative(resolve(folder), root) || '.'
  return { dependency: `file:${join(way, `eventtrail-${version}.tgz`)}`, command: `(cd '${way}' && npm pack)` }
}
