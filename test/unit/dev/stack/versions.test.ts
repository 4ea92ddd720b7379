import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { chosenVersions, versions } from '../../../../dev/stack/servers/index.ts'
import { combinations, files, pathOf, quickFiles } from '../../../../dev/testing/matrix/combinations.ts'
import { cloneRoot } from '../../../../dev/tools/folders.ts'

describe('the versions of the servers', () => {
  test('are the usual ones, or those of the environment', () => {
    expect(chosenVersions({})).toEqual(versions)
    expect(chosenVersions({ EVENTTRAIL_KAFKA_VERSION: '3.9.1', EVENTTRAIL_POSTGRES_VERSION: '' })).toEqual({
      ...versions,
      kafka: '3.9.1'
    })
  })

  test.each([
    ['EVENTTRAIL_KAFKA_VERSION', '4'],
    ['EVENTTRAIL_KAFKA_VERSION', '../4.4.0'],
    ['EVENTTRAIL_REGISTRY_VERSION', 'latest'],
    ['EVENTTRAIL_POSTGRES_VERSION', '16']
  ])('%s=%s is refused', (variable, version) => {
    expect(() => chosenVersions({ [variable]: version })).toThrow(`${variable} must be a version like`)
  })
})

describe('the matrix', () => {
  const numbersOf = (server: keyof typeof versions) => combinations.map(row => row[server])

  test('has every version that is supported, and what the stack starts by itself', () => {
    const minor = (version: string) => version.split('.').slice(0, 2).join('.')
    expect(numbersOf('kafka').map(minor)).toEqual(expect.arrayContaining(['3.9', '4.0', '4.1', '4.2']))
    expect(numbersOf('postgres').map(version => version.split('.')[0])).toEqual(
      expect.arrayContaining(['16', '17', '18'])
    )
    expect(numbersOf('registry')).toContain('3.0.9')
    expect(combinations).toContainEqual(versions)
  })

  test('names tests that there are, each once', () => {
    const named = Object.values(files).flat()
    expect(new Set(named).size).toBe(named.length)
    expect([...named, ...quickFiles].filter(file => !existsSync(join(cloneRoot, pathOf(file))))).toEqual([])
    expect(quickFiles.filter(file => !named.includes(file))).toEqual([])
  })
})
