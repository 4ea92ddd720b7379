import { describe, expect, it } from 'vitest'
import {
  parseMachineStat,
  parseProcessStat,
  parseProcessStatus,
  processTimes
} from '../../../../dev/bench/measure/proc.ts'

describe('parseProcessStat', () => {
  it('reads times in seconds, of itself and of children that ended', () => {
    const text = '4242 (node) S 17 4242 4242 0 -1 4194560 9 8 7 6 150 50 300 25 20 0 11 0 99 1 2 3'
    expect(parseProcessStat(text)).toEqual({ parent: 17, own: 2, reaped: 3.25 })
  })

  it('is not led astray by a name with blanks and brackets', () => {
    const text = '7 (a) b (c) S 3 7 7 0 -1 0 0 0 0 0 10 0 0 0 20 0 1 0 9'
    expect(parseProcessStat(text)).toEqual({ parent: 3, own: 0.1, reaped: 0 })
  })
})

describe('parseProcessStatus', () => {
  it('reads what is resident and the most that ever was, in bytes', () => {
    const text = 'Name:\tnode\nVmPeak:\t  900 kB\nVmHWM:\t  300 kB\nVmRSS:\t  200 kB\n'
    expect(parseProcessStatus(text)).toEqual({ now: 200 * 1024, peak: 300 * 1024 })
  })

  it('takes a process without memory, a zombie, for one of none', () => {
    expect(parseProcessStatus('Name:\tx\nState:\tZ\n')).toEqual({ now: 0, peak: 0 })
  })
})

describe('parseMachineStat', () => {
  it('counts waiting for disks as idle, and leaves out what the hypervisor took', () => {
    const text = 'cpu  100 10 50 800 30 5 5 500 0 0\ncpu0 1 2 3 4 5 6 7 8 0 0\n'
    expect(parseMachineStat(text)).toEqual({ busy: 1.7, total: 10 })
  })
})

describe('processTimes', () => {
  it('does not know a process that is not there', () => {
    expect(processTimes(2 ** 30)).toBeUndefined()
  })
})
