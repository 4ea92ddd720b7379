import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fillIn, fillInText, parseProperties } from '../../../../dev/bench/contenders/properties.ts'

describe('the settings of peers', () => {
  it('are filled in, without their comments', () => {
    expect(fillInText('# why\na={{one}}\nb=x{{two}}y', { one: 1, two: 'z' })).toBe('a=1\nb=xzy')
  })

  it('are not used with a gap', () => {
    expect(() => fillInText('a={{one}}', {})).toThrow('{{one}} has no value')
  })

  it('may hold the equals sign', () => {
    expect(parseProperties('url=jdbc:x?a=b&c=d\n\n# no\n')).toEqual({ url: 'jdbc:x?a=b&c=d' })
  })

  it('name nothing that the benchmark does not fill in', () => {
    const names = 'brokers registry folder plugins port tasks topic host database user password'
    const values = Object.fromEntries(names.split(' ').map(name => [name, `<{{name}}>`]))
    const files = readdirSync(new URL('../../../../dev/bench/contenders/peers', import.meta.url)).filter(
      name => name.endsWith('.properties') && !name.startsWith('log4j2')
    )
    expect(files.length).toBeGreaterThan(3)
    for (const file of files) expect(() => fillIn(file, values)).not.toThrow()
  })
})
