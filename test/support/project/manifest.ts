import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cloneRoot } from '../../../dev/tools/folders.ts'

/** What the package says of itself. */
export const manifest = JSON.parse(readFileSync(join(cloneRoot, 'package.json'), 'utf8')) as {
  readonly version: string
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>
  readonly devDependencies: Readonly<Record<string, string>>
}

/** Every entry point, as it is imported. */
export const entryPoints: readonly string[] = Object.keys(manifest.exports)
  .filter(path => path !== './package.json')
  .map(path => `eventtrail${path.slice(1)}`)

/** The source of each entry point, as the `paths` of a tsconfig.json. */
export function exportedPaths(): Record<string, string[]> {
  const entries = Object.entries(manifest.exports).flatMap(([subpath, target]) => {
    if (typeof target === 'string') return []
    const source = target.default.replace('./dist/', '').replace(/js$/, 'ts')
    return [[`eventtrail${subpath.slice(1)}`, [join(cloneRoot, source)]]]
  })
  return Object.fromEntries(entries) as Record<string, string[]>
}
