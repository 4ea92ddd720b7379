import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isObject, parseJson, UsageError } from '../../core/index.ts'
import { generateTypes, loadCatalogue } from '../../schemas/index.ts'
import { type PackageVersions, packageJson } from './package-json.ts'

const template = fileURLToPath(new URL('template', import.meta.url))

/** Path in the project → its text. */
export type ProjectFiles = ReadonlyMap<string, string>

/**
 * The files of a first project in `folder`, which may have a package.json already: that is completed, and nothing of
 * it changes but the type that `npm init -y` writes.
 * @throws UsageError where one of the files is there, or package.json is for something else
 */
export async function projectFiles(folder: string, versions: PackageVersions): Promise<ProjectFiles> {
  const files = new Map<string, string>()
  for (const path of filesIn(template))
    files.set(path.replace(/\.txt$/, ''), readFileSync(join(template, path), 'utf8'))
  files.set('src/events.ts', generateTypes(await loadCatalogue(join(template, 'schemas'))))
  const there = [...files.keys()].filter(path => isThere(join(folder, path)))
  if (there.length > 0)
    throw new UsageError(
      `${there.join(', ')} ${there.length === 1 ? 'is' : 'are'} in ${folder} already: nothing was written`
    )
  if (!isThere(join(folder, '.gitignore'))) files.set('.gitignore', 'node_modules/\n')
  const manifest = join(folder, 'package.json')
  const existing = isThere(manifest) ? readManifest(manifest) : undefined
  const main = typeof existing?.main === 'string' ? existing.main : 'index.js'
  files.set('package.json', packageJson(existing, folder, isThere(join(folder, main)), versions))
  return files
}

/** Writes them, with the folders they are in. @throws UsageError */
export function writeProject(folder: string, files: ProjectFiles): void {
  try {
    for (const [path, text] of files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
  } catch (error) {
    throw new UsageError(`${folder} cannot be written: ${(error as Error).message}`)
  }
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => relative(folder, join(entry.parentPath, entry.name)))
    .sort()

const isThere = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined

function readManifest(path: string): Readonly<Record<string, unknown>> {
  try {
    const manifest = parseJson(readFileSync(path, 'utf8'))
    if (isObject(manifest)) return manifest
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${(error as Error).message}`)
  }
  throw new UsageError(`${path} holds no JSON object`)
}
