import type { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import type { Answer } from './transport/index.ts'

/** Sends a request of the library, and gives the answer. @throws RegistryError where there is none */
export type Send = (method: string, path: string, text?: string) => Promise<Answer>

type Middleware = NonNullable<ConstructorParameters<typeof SchemaRegistry>[0]['middlewares']>[number]
type Response = Awaited<ReturnType<NonNullable<ReturnType<Middleware>['response']>>>

/** What the library sees of an answer of 4xx: it looks at the status. */
export class RefusedAnswer extends Error {
  readonly status: number
  readonly body: unknown

  constructor({ status, body }: Pick<Answer, 'status' | 'body'>) {
    super(`it answers ${status}`)
    this.status = status
    this.body = body
  }
}

/**
 * Has the requests of the library sent by our client: with its login, its TLS, its addresses and its limits. It comes
 * last, so that neither the library's own gateway nor its retries are used.
 */
export const throughOurs =
  (send: Send): Middleware =>
  () => ({
    response: async (_next, _renew, request) => {
      const body = request.body()
      const text = body == null ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
      const answer = await send(request.method().toUpperCase(), request.path(), text)
      if (answer.status >= 400) throw new RefusedAnswer(answer)
      // The library reads nothing else of an answer.
      return { data: () => answer.body } as unknown as Response
    }
  })
