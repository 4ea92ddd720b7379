import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { writeBundle } from '../../support/proof/bundles/bundle.ts'
import { MadeLog } from '../../support/proof/bundles/made-log.ts'
import { runVerifier } from '../../support/proof/verifier.ts'

const folder = mkdtempSync(join(tmpdir(), 'eventtrail-bundle-files-'))
afterAll(() => rmSync(folder, { recursive: true }))
const bundle = join(folder, 'bundle')
const trust = join(folder, 'trust.txt')

const verify = ({ bundle: made }: MadeLog) => {
  writeBundle(folder, made)
  return runVerifier(bundle, '--trust', trust)
}
const clean = { status: 0, codes: [] }

describe('a row that no trail has', () => {
  const broken = (change: (bytes: Buffer, at: number) => void) => {
    const log = new MadeLog()
    log.store({ first: 0, last: 2 })
    writeBundle(folder, log.bundle)
    const file = join(bundle, 'rows/all.copy')
    const bytes = readFileSync(file)
    const end = bytes.length - 2
    // The last row ends with its partition, offset and time, each after its length.
    change(bytes, end - 8 - 4 - 8 - 4 - 4 - 4)
    writeFileSync(file, bytes)
    return runVerifier(bundle, '--trust', trust)
  }
  const found = { status: 1, codes: ['ROW_ADDED', 'ROW_MISSING'] }
  test('is found, in words', () => {
    const partition = broken((bytes, at) => bytes.writeInt32BE(-4, at + 4))
    expect(partition).toMatchObject(found)
    expect(partition.output).toContain('a number is negative')
    expect(broken((bytes, at) => bytes.writeBigInt64BE(-1n, at + 12))).toMatchObject(found)
    expect(broken((bytes, at) => bytes.writeBigInt64BE(2n ** 62n, at + 12))).toMatchObject(found)
    expect(broken((bytes, at) => bytes.writeBigInt64BE(2n ** 63n - 1n, at + 24))).toMatchObject({
      codes: ['RECORDED_AT_OUTSIDE']
    })
  })
  test('has half coordinates, no name or no end of its time: found', () => {
    const rewrite = (change: (values: (Buffer | null)[]) => void) => {
      const log = new MadeLog()
      log.store({ first: 0, last: 2 })
      writeBundle(folder, log.bundle)
      const file = join(bundle, 'rows/all.copy')
      const bytes = readFileSync(file)
      const values: (Buffer | null)[] = []
      let at = 21
      for (let column = 0; column < 12; column += 1) {
        const length = bytes.readInt32BE(at)
        values.push(length < 0 ? null : bytes.subarray(at + 4, at + 4 + length))
        at += 4 + Math.max(0, length)
      }
      change(values)
      const columns = values.flatMap(value => {
        const length = Buffer.alloc(4)
        length.writeInt32BE(value?.length ?? -1)
        return value ? [length, value] : [length]
      })
      writeFileSync(file, Buffer.concat([bytes.subarray(0, 21), ...columns, bytes.subarray(at)]))
      return runVerifier(bundle, '--trust', trust)
    }
    expect(rewrite(values => (values[9] = null))).toMatchObject(found)
    expect(rewrite(values => (values[10] = null))).toMatchObject(found)
    expect(rewrite(values => (values[3] = null))).toMatchObject(found)
    expect(rewrite(values => (values[0] = Buffer.alloc(15)))).toMatchObject(found)
    expect(rewrite(values => (values[2] = Buffer.from('7fffffffffffffff', 'hex')))).toMatchObject(found)
    expect(rewrite(values => (values[11] = null))).toMatchObject(found)
  })
  test('a file that is no binary COPY cannot be read', () => {
    const log = new MadeLog()
    writeBundle(folder, log.bundle)
    writeFileSync(join(bundle, 'rows/all.copy'), 'id,aggregate_id\n')
    expect(runVerifier(bundle, '--trust', trust)).toMatchObject({ status: 3, codes: [] })
  })
})

describe('what a manifest leaves out', () => {
  const withManifest = (log: MadeLog, manifest: object) => {
    writeBundle(folder, log.bundle)
    writeFileSync(join(bundle, 'manifest.json'), JSON.stringify(manifest))
    return runVerifier(bundle, '--trust', trust)
  }
  test('is said: rows', () => {
    const log = new MadeLog()
    log.store({ first: 0, last: 9 })
    log.bundle.rows = []
    const { output, ...found } = withManifest(log, { rows: false })
    expect(found, output).toEqual(clean)
    expect(output).toContain('not checked: rows, which the bundle leaves out')
    expect(verify(log).codes).toEqual(['ROW_MISSING'])
  })
  test('is said: other months than one', () => {
    const log = new MadeLog()
    log.store({ first: 0, last: 9 })
    log.bundle.rows = []
    expect(withManifest(log, { month: '2026-09' }).codes).toEqual(['ROW_MISSING'])
    const { output, ...found } = withManifest(log, { month: '2026-10' })
    expect(found, output).toEqual(clean)
    expect(output).toContain('not checked: what was recorded outside of 2026-10 (UTC)')
  })
})
