import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { cloneRoot } from '../../../dev/tools/folders.ts'

/** The rooms that ship, but for `api/`, which only lists what they export. */
export const rooms = [
  'core',
  'observability',
  'postgres',
  'schemas',
  'kafka',
  'connection',
  'control',
  'producers',
  'archive',
  'trail',
  'consumers',
  'sink',
  'operations',
  'proof',
  'audit',
  'cli'
]

/** The TypeScript files of rooms, as paths from the root, sorted. */
export function sourceFiles(rooms: readonly string[]): string[] {
  return rooms
    .flatMap(room =>
      readdirSync(join(cloneRoot, room), { recursive: true, encoding: 'utf8' }).map(name => `${room}/${name}`)
    )
    .filter(path => path.endsWith('.ts'))
    .sort()
}
