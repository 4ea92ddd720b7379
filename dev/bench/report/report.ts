import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cloneRoot } from '../../tools/index.ts'
import { page } from './markdown.ts'
import type { Results } from './results.ts'
import { plot } from './svg.ts'

const docs = join(cloneRoot, 'docs')

/** Puts new results next to those of the other commands, and rewrites page, numbers and plot. Answers their names. */
export function writeReport(fresh: Results): string[] {
  const figures = join(docs, 'benchmarks.json')
  const earlier: Results = existsSync(figures) ? (JSON.parse(readFileSync(figures, 'utf8')) as Results) : {}
  const results = rounded({ ...earlier, ...fresh })
  const files: Record<string, string> = {
    'benchmarks.json': `${JSON.stringify(results, undefined, 2)}\n`,
    'benchmarks.md': page(results)
  }
  if (results.sink) {
    const { summaries, shapes } = results.sink
    files['benchmarks.svg'] = plot(summaries.filter(({ name }) => !shapes.some(shape => shape.name === name)))
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(docs, name), text)
  return Object.keys(files).map(name => `docs/${name}`)
}

/** Six digits are more than a measurement has. The page is made from the content of the file. */
function rounded(results: Results): Results {
  return JSON.parse(JSON.stringify(results), (_, value: unknown) =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value
  ) as Results
}
