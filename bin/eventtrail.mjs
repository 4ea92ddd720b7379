#!/usr/bin/env node
// Plain JavaScript without dependencies: it must run before anything is installed, under Node 20 too.
import { existsSync } from 'node:fs'

const sources = new URL('../cli/main.ts', import.meta.url)
const built = new URL('../dist/cli/main.js', import.meta.url)

if (existsSync(sources)) {
  const { runInClone } = await import(new URL('../dev/tools/clone.mjs', import.meta.url).href)
  process.exitCode = await runInClone(process.argv.slice(2))
} else {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 22 || (major === 22 && minor >= 15)) await import(built.href)
  else {
    process.stderr.write(`eventtrail: Node ${process.versions.node} is too old, install Node 22.15 or newer\n`)
    process.exitCode = 2
  }
}
