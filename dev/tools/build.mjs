// Makes dist/: the sources as JavaScript with their types, and the files that they read at run time.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const dist = join(root, 'dist')

rmSync(dist, { recursive: true, force: true })
const tsc = join(root, 'node_modules', '.bin', 'tsc')
const { status } = spawnSync(tsc, ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' })
if (status !== 0) process.exit(status ?? 1)

for (const room of ['schemas', 'trail', 'consumers', 'operations', 'examples/school', 'cli/init']) {
  cpSync(join(root, room), join(dist, room), { recursive: true, filter: source => !source.endsWith('.ts') })
}
chmodSync(join(root, 'bin', 'eventtrail.mjs'), 0o755)
