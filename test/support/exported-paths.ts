import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cloneRoot } from '../../dev/tools/folders.ts'

/** What a user imports from the package, as the sources behind it. */
export function exportedPaths(): Record<string, string[]> {
  const { exports } = JSON.parse(readFileSync(join(cloneRoot, 'package.json'), 'utf8')) as {
    exports: Record<string, string | { default: string }>
  }
  const entries = Object.entries(exports).flatMap(([subpath, target]) =>
    typeof target === 'string'
      ? []
      : [
          [
            `eventtrail${subpath.slice(1)}`,
            [join(cloneRoot, target.default.replace('./dist/', '').replace(/js$/, 'ts'))]
          ]
        ]
  )
  return Object.fromEntries(entries) as Record<string, string[]>
}
