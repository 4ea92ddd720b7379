import { describe, expect, it } from 'vitest'
import { type Token, TokenKeeper, tokenIn } from '../../../../schemas/registry/transport/token.ts'

describe('the answer of a token endpoint', () => {
  it.each([
    [
      { access_token: 'abc', token_type: 'Bearer', expires_in: 60 },
      { text: 'abc', livesMs: 60_000 }
    ],
    [
      { access_token: 'abc', expires_in: '60' },
      { text: 'abc', livesMs: 60_000 }
    ],
    [{ access_token: 'abc' }, { text: 'abc', livesMs: 300_000 }],
    [
      { access_token: 'abc', expires_in: -1 },
      { text: 'abc', livesMs: 300_000 }
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

/** Tokens t1, t2 … of 100 s, by a clock that the test sets. */
function keeper() {
  const state = { now: 0, asked: 0, failing: false }
  const ask = async (): Promise<Token> => {
    state.asked += 1
    if (state.failing) throw new Error('the endpoint is away')
    return { text: `t${state.asked}`, livesMs: 100_000 }
  }
  return { state, tokens: new TokenKeeper(ask, () => state.now) }
}

describe('a token that is kept', () => {
  it('is renewed after 80 % of its time', async () => {
    const { state, tokens } = keeper()
    expect(await tokens.token()).toBe('t1')
    state.now = 79_999
    expect(await tokens.token()).toBe('t1')
    state.now = 80_000
    expect(await tokens.token()).toBe('t2')
  })

  it('is asked for once by callers that need one at the same time', async () => {
    const { state, tokens } = keeper()
    expect(await Promise.all([tokens.token(), tokens.token(), tokens.token()])).toEqual(['t1', 't1', 't1'])
    expect(state.asked).toBe(1)
  })

  it('is used to its end when it cannot be renewed', async () => {
    const { state, tokens } = keeper()
    await tokens.token()
    state.failing = true
    state.now = 99_999
    expect(await tokens.token()).toBe('t1')
    state.now = 100_000
    await expect(tokens.token()).rejects.toThrow('the endpoint is away')
    state.failing = false
    expect(await tokens.token()).toBe('t4')
  })

  it('is replaced after it was refused, and a newer one is not', async () => {
    const { tokens } = keeper()
    tokens.refused(await tokens.token())
    expect(await tokens.token()).toBe('t2')
    tokens.refused('t1')
    expect(await tokens.token()).toBe('t2')
  })
})
