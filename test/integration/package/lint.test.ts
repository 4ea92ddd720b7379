import { expect, test } from 'vitest'
import { packedProject } from '../../support/project/package.ts'

// Not dependencies of the clone: together 39 MB, and another TypeScript.
const project = await packedProject(['publint@0.3.25', '@arethetypeswrong/cli@0.18.5'], { without: true })

test('publint finds nothing', async () => {
  expect(await project.do('publint', [project.tarball, '--strict'])).toContain('All good!')
})

test('every entry point has its types, for nodenext and for bundlers', async () => {
  // The package is ESM alone: Node 22.12 and newer can require it, which this tool does not know.
  const found = await project.run('attw', [project.tarball, '--profile', 'esm-only', '--format', 'table-flipped'])
  expect(found).toMatchObject({ code: 0 })
  expect(found.stdout).toContain('eventtrail/producer')
})
