import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { ensurePart } from '../../../../dev/stack/servers/parts/part.ts'
import { pinOf } from '../../../../dev/stack/servers/parts/pins.ts'
import { openSearchVersion, versions } from '../../../../dev/stack/servers/settings.ts'
import { combinations } from '../../../../dev/testing/matrix/combinations.ts'
import { partsFolder } from '../../../../dev/tools/folders.ts'

const name = `test-${randomBytes(4).toString('hex')}`
const folder = join(partsFolder, name)
mkdirSync(partsFolder, { recursive: true })
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let fetched = 0
const said: string[] = []
const ensure = (pin?: string) =>
  ensurePart(
    {
      name,
      pin,
      async fetch(incoming) {
        fetched += 1
        mkdirSync(join(incoming, 'lib'))
        writeFileSync(join(incoming, 'lib', 'a.jar'), 'a')
        writeFileSync(join(incoming, 'b.jar'), 'b')
        writeFileSync(join(incoming, 'tool.marker'), String(fetched))
      }
    },
    { say: line => said.push(line) }
  )

test('files that are not those of the pin are refused, and not kept', async () => {
  await expect(ensure('0'.repeat(64))).rejects.toMatchObject({ code: 'DOWNLOAD_FAILED' })
  expect(existsSync(folder)).toBe(false)
})

test('without a pin the digest is shown; with it the same files are taken, and downloaded once', async () => {
  expect(await ensure()).toBe(folder)
  const shown = said.at(-1)?.split(' ').at(-1) ?? ''
  expect(shown).toMatch(/^[0-9a-f]{64}$/)
  rmSync(folder, { recursive: true })
  const before = fetched
  await ensure(shown)
  await ensure(shown)
  expect(fetched).toBe(before + 1)
  expect(readdirSync(folder).sort()).toEqual(['b.jar', 'lib', 'manifest.json', 'tool.marker'])
})

test('a file of another size is noticed, and all of them downloaded again', async () => {
  await ensure()
  writeFileSync(join(folder, 'b.jar'), 'b and more')
  await ensure()
  expect(readFileSync(join(folder, 'b.jar'), 'utf8')).toBe('b')
})

test('every version that the matrix runs is pinned', () => {
  const { platform, arch } = process
  const wanted = combinations.flatMap(({ kafka, registry, postgres }) => [
    `kafka-${kafka}`,
    `registry-${registry}`,
    // The usual one is held by the lock file.
    ...(postgres === versions.postgres ? [] : [`postgres-${postgres}-${platform}-${arch}`])
  ])
  expect(
    [...wanted, `opensearch-${openSearchVersion}`, `java-25-${platform}-${arch}`].filter(
      name => pinOf(name) === undefined
    )
  ).toEqual([])
})
