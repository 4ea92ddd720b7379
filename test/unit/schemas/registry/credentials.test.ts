import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { RegistryAuth } from '../../../../schemas/registry/options.ts'
import { Agents } from '../../../../schemas/registry/transport/agents.ts'
import { credentialsInUrl, credentialsOf, tokenOf } from '../../../../schemas/registry/transport/credentials.ts'

const folder = mkdtempSync(join(tmpdir(), 'eventtrail credentials '))
afterAll(() => rmSync(folder, { recursive: true }))
const file = join(folder, 'secret')

const of = (auth?: RegistryAuth) => credentialsOf(auth, new Agents(), 1_000)
const basic = (userInfo: string) => `Basic ${Buffer.from(userInfo).toString('base64')}`

describe('the header of a login', () => {
  it('is that of a user, a pair or a token', async () => {
    expect(await of({ basic: { username: 'me', password: 'S3:cret' } }).authorization()).toBe(basic('me:S3:cret'))
    expect(await of({ basic: { userInfo: 'me:S3cret' } }).authorization()).toBe(basic('me:S3cret'))
    expect(await of({ bearer: async () => ' abc\n' }).authorization()).toBe('Bearer abc')
    expect(await of().authorization()).toBeUndefined()
  })

  it('is that of the URL, decoded', async () => {
    const inUrl = credentialsInUrl(new URL('http://some%20one:p%40ss@host'))
    expect(await inUrl?.authorization()).toBe(basic('some one:p@ss'))
    expect(credentialsInUrl(new URL('http://host'))).toBeUndefined()
  })

  it('follows its file, and a refusal is worth a second request only if the file has changed', async () => {
    writeFileSync(file, 'one\n')
    const credentials = of({ bearer: { file } })
    const first = (await credentials.authorization()) as string
    expect(first).toBe('Bearer one')
    expect(await credentials.refused(first)).toBe(false)
    writeFileSync(file, 'two\n')
    expect(await credentials.refused(first)).toBe(true)
    expect(await credentials.authorization()).toBe('Bearer two')
  })

  it.each<[string, RegistryAuth, RegExp]>([
    ['a file that is not there', { bearer: { file: join(folder, 'absent') } }, /absent.*`\S+auth.bearer`.*ENOENT/],
    ['a pair without a colon', { basic: { userInfo: 'S3cret' } }, /`\S+auth.basic.userInfo` has no colon/],
    ['a token of two lines', { bearer: 'S3cret\r\nx: y' }, /characters that no token has/],
    ['a function that gives nothing', { bearer: () => '' }, /gave no text/],
    [
      'a function that throws',
      {
        bearer: () => {
          throw new Error('S3cret')
        }
      },
      /the function of `\S+auth.bearer` failed/
    ]
  ])('%s is an error that names the option', async (_, auth, words) => {
    const error: unknown = await of(auth)
      .authorization()
      .catch(thrown => thrown)
    expect(error).toMatchObject({
      code: 'REGISTRY_UNAUTHENTICATED',
      retryable: false,
      misconfigured: true,
      message: expect.stringMatching(words)
    })
    expect((error as Error).message).not.toContain('S3cret')
  })
})

describe('what a token endpoint answers', () => {
  const answered = (status: number, body: unknown, isHtml = false) =>
    tokenOf(
      { status, text: typeof body === 'string' ? body : JSON.stringify(body), isHtml },
      'https://idp',
      'THE_SETTING'
    )

  it('is a token', () => {
    expect(answered(200, { access_token: 'abc', expires_in: 10 })).toEqual({ token: 'abc', lifeMs: 10_000 })
  })

  it.each<[number, unknown, boolean, string, RegExp]>([
    [401, { error: 'invalid_client' }, false, 'REGISTRY_UNAUTHENTICATED', /\(401 invalid_client\): check THE_SETTING/],
    [400, { error: 'invalid_scope' }, false, 'REGISTRY_UNAUTHENTICATED', /\(400 invalid_scope\)/],
    [403, '', false, 'REGISTRY_UNAUTHENTICATED', /\(403\)/],
    [503, '', false, 'REGISTRY_UNAVAILABLE', /it answers 503/],
    [404, '<html>', true, 'REGISTRY_UNAVAILABLE', /a web page \(404\): check SCHEMA_REGISTRY_BEARER_AUTH_ISSUER/],
    [200, { access_token: '' }, false, 'REGISTRY_UNAVAILABLE', /something else than a token \(200\)/]
  ])('%i %j is none', (status, body, isHtml, code, words) => {
    expect(() => answered(status, body, isHtml)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(words) })
    )
  })
})
