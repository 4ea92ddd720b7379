import { describe, expect, it } from 'vitest'
import { CleanUps, onlyOnce } from '../../../core/clean-ups.ts'
import { within } from '../../../core/clock.ts'

describe('clean-ups', () => {
  it('run last-in first-out, one after the other, and once', async () => {
    const cleanUps = new CleanUps()
    const ran: string[] = []
    for (const name of ['first', 'second', 'third']) {
      cleanUps.add(async () => {
        await Promise.resolve()
        ran.push(name)
      })
    }
    await Promise.all([cleanUps.run(), cleanUps.run()])
    expect(ran).toEqual(['third', 'second', 'first'])
  })

  it('run each, even when another one failed, and then report it', async () => {
    const one = new CleanUps()
    let ran = false
    one.add(() => {
      ran = true
    })
    one.add(() => {
      throw new Error('broken')
    })
    await expect(one.run()).rejects.toThrow('broken')
    expect(ran).toBe(true)

    const both = new CleanUps()
    both.add(() => Promise.reject(new Error('one')))
    both.add(() => Promise.reject(new Error('two')))
    await expect(both.run()).rejects.toMatchObject({ errors: [{ message: 'two' }, { message: 'one' }] })
  })
})

describe('waiting within a time', () => {
  it('says whether the work was done', async () => {
    expect(await within(60_000, Promise.resolve())).toBe(true)
    expect(await within(1, new Promise(() => undefined))).toBe(false)
  })

  it('passes a failure on', async () => {
    await expect(within(60_000, Promise.reject(new Error('broken')))).rejects.toThrow('broken')
  })
})

it('work that is done once gives each caller the same promise', async () => {
  let done = 0
  const work = onlyOnce(async () => ++done)
  expect(work()).toBe(work())
  expect(await work()).toBe(1)
})
