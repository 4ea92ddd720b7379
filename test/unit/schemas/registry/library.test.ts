import { COMPATIBILITY, SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry'
import { expect, it } from 'vitest'
import { RefusedAnswer, throughOurs } from '../../../../schemas/registry/library.ts'
import type { Answer } from '../../../../schemas/registry/transport/http.ts'

const schema = JSON.stringify({ type: 'record', name: 'Thing', namespace: 'a.b', fields: [] })
const subject = 'a/b c-value'

/** The library with its requests noted and answered by the test. */
function library(answers: Readonly<Record<string, Partial<Answer>>>) {
  const sent: [string, string, unknown][] = []
  const registry = new SchemaRegistry({
    host: 'http://127.0.0.1:1/apis/ccompat/v7',
    middlewares: [
      throughOurs(async (method, path, text) => {
        sent.push([method, path, text === undefined ? undefined : JSON.parse(text)])
        const answer = answers[method]
        if (!answer) throw new Error(`${method} is not answered`)
        return { status: 200, errorCode: undefined, body: {}, isHtml: false, ...answer }
      })
    ]
  })
  const register = () =>
    registry.register({ type: SchemaType.AVRO, schema }, { subject, compatibility: COMPATIBILITY.FULL_TRANSITIVE })
  return { sent, register }
}

it('sends each of its requests by ours, and by nothing else', async () => {
  const { sent, register } = library({
    GET: { status: 404, body: { error_code: 40401 } },
    POST: { body: { id: 7 } },
    PUT: {}
  })
  expect(await register()).toEqual({ id: 7 })
  expect(sent).toEqual([
    ['GET', '/config/a%2Fb%20c-value', undefined],
    ['POST', '/subjects/a%2Fb%20c-value/versions', { schema }],
    ['PUT', '/config/a%2Fb%20c-value', { compatibility: 'FULL_TRANSITIVE' }]
  ])
})

it('changes no compatibility that is set', async () => {
  const { sent, register } = library({
    GET: { body: { compatibilityLevel: 'FULL_TRANSITIVE' } },
    POST: { body: { id: 7 } }
  })
  await register()
  expect(sent.map(([method]) => method)).toEqual(['GET', 'POST'])
})

it('passes on what the registry refuses, and what our client throws', async () => {
  const refused = library({ GET: { status: 404 }, POST: { status: 409, body: { message: 'no' } } })
  await expect(refused.register()).rejects.toMatchObject({ status: 409, body: { message: 'no' } })
  await expect(refused.register()).rejects.toBeInstanceOf(RefusedAnswer)
  await expect(library({}).register()).rejects.toThrow('GET is not answered')
})
