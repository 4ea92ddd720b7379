import { expect, it } from 'vitest'
import { unfit } from '../../../postgres/fitness.ts'

const fit = { version: 160_000, encoding: 'UTF8', pooledByTransaction: false, unset: [] }

it('says in words why a Postgres cannot be used', () => {
  expect(unfit(fit)).toEqual([])
  expect(unfit({ ...fit, version: 150_008 })).toEqual(['Postgres is version 15, and eventtrail needs 16 or newer'])
  expect(unfit({ ...fit, version: 90_624 })).toEqual([expect.stringContaining('version 9')])
  expect(unfit({ ...fit, encoding: 'LATIN1' })).toEqual([expect.stringContaining("ENCODING 'UTF8'")])
  expect(unfit({ ...fit, unset: ['lock_timeout'] })).toEqual([expect.stringContaining('does not keep lock_timeout')])
  // What is not kept follows from it.
  expect(unfit({ ...fit, pooledByTransaction: true, unset: ['lock_timeout'] })).toEqual([
    expect.stringContaining('pool_mode = session')
  ])
})
