import { describe, expect, it } from 'vitest'
import { TokenKeeper, tokenIn, tokenRequest } from '../../../../core/http/tokens.ts'

describe('the answer of a token endpoint', () => {
  it.each([
    [
      { access_token: 'abc', token_type: 'Bearer', expires_in: 60 },
      { token: 'abc', lifeMs: 60_000 }
    ],
    [
      { access_token: 'abc', expires_in: '60' },
      { token: 'abc', lifeMs: 60_000 }
    ],
    [{ access_token: 'abc' }, { token: 'abc', lifeMs: undefined }],
    [
      { access_token: 'abc', expires_in: -1 },
      { token: 'abc', lifeMs: undefined }
    ]
  ])('%j has a token', (body, token) => {
    expect(tokenIn(body)).toEqual(token)
  })

  it.each([
    undefined,
    null,
    'abc',
    {},
    { access_token: 5 },
    { access_token: '' },
    { access_token: 'a\r\nb' }
  ])('%j has none', body => {
    expect(tokenIn(body)).toBeUndefined()
  })
})

it('a request encodes id and secret as in a form before it encodes them as Basic', () => {
  const { headers, body } = tokenRequest('a:b', 's c', 'kafka')
  expect(headers.authorization).toBe(`Basic ${Buffer.from('a%3Ab:s+c').toString('base64')}`)
  expect(body).toBe('grant_type=client_credentials&scope=kafka')
})

/** Tokens t1, t2 … of a given life, by a clock that the test sets. */
function counted(lifeMs = 100_000, leastLeftMs = 0) {
  const state = { now: 0, asked: 0, failing: false, stale: 0 }
  const ask = async () => {
    state.asked += 1
    if (state.failing) throw new Error('the endpoint is away')
    return { token: `t${state.asked}`, lifeMs }
  }
  const onStale = () => {
    state.stale += 1
  }
  return { state, tokens: new TokenKeeper(ask, { leastLeftMs, onStale, now: () => state.now }) }
}

describe('a token that is kept', () => {
  it('is used for 80 % of its life', async () => {
    const { state, tokens } = counted()
    for (const [now, token] of [
      [0, 't1'],
      [79_999, 't1'],
      [80_000, 't2'],
      [159_999, 't2'],
      [160_000, 't3']
    ] as const) {
      state.now = now
      expect(await tokens.get()).toBe(token)
    }
  })

  it('is never given out with less left than is needed', async () => {
    const { state, tokens } = counted(40_000, 15_000)
    await tokens.get()
    state.now = 24_999
    expect(await tokens.get()).toBe('t1')
    state.now = 25_000
    expect(await tokens.get()).toBe('t2')
  })

  it.each([0, 10_000])('is requested each time where its life is unknown or short: %i ms', async lifeMs => {
    const { tokens } = counted(lifeMs, 15_000)
    expect([await tokens.get(), await tokens.get()]).toEqual(['t1', 't2'])
  })

  it('is requested once by callers that need one at the same time', async () => {
    const { state, tokens } = counted()
    expect(await Promise.all([tokens.get(), tokens.get(), tokens.get()])).toEqual(['t1', 't1', 't1'])
    expect(state.asked).toBe(1)
  })

  it.each([0, 15_000])('is used when it cannot be renewed, until it has less left than %i ms', async leastLeftMs => {
    const { state, tokens } = counted(100_000, leastLeftMs)
    await tokens.get()
    state.failing = true
    state.now = 99_999 - leastLeftMs
    expect(await tokens.get()).toBe('t1')
    expect(state.stale).toBe(1)
    state.now = 100_000 - leastLeftMs
    await expect(tokens.get()).rejects.toThrow('the endpoint is away')
    state.failing = false
    expect(await tokens.get()).toBe('t4')
  })

  it('is replaced after it was refused, and a newer one is not', async () => {
    const { tokens } = counted()
    tokens.refused(await tokens.get())
    expect(await tokens.get()).toBe('t2')
    tokens.refused('t1')
    expect(await tokens.get()).toBe('t2')
  })
})
