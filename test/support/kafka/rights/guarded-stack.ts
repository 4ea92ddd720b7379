import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import type { ConnectionOptions } from '../../../../connection/index.ts'
import { startStack } from '../../../../dev/stack/index.ts'
import { accessControl, denialsIn } from './access-control.ts'

/** Three that differ: all are held until all are known. */
async function freePorts(): Promise<readonly number[]> {
  const held = await Promise.all(
    [1, 2, 3].map(
      () =>
        new Promise<Server>((resolve, reject) => {
          const server = createServer().once('error', reject)
          server.listen(0, '127.0.0.1', () => resolve(server))
        })
    )
  )
  const ports = held.map(server => (server.address() as { readonly port: number }).port)
  await Promise.all(held.map(server => new Promise(resolve => server.close(resolve))))
  return ports
}

/**
 * Servers whose Kafka asks who may do what. `KAFKA_BROKERS` is the way of an administrator; users come in by a listener
 * with a login, and may do nothing that was not granted. The password of each is its name.
 */
export async function guardedStack(kind: string, users: readonly string[]) {
  const [kafka = 0, guarded = 0, controller = 0] = await freePorts()
  const listeners = [`PLAINTEXT://127.0.0.1:${kafka}`, `GUARDED://127.0.0.1:${guarded}`]
  const logins = users.map(name => `user_${name}="${name}"`).join(' ')
  const stack = await startStack({
    kind,
    ports: { kafka },
    brokerSettings: {
      listeners: [...listeners, `CONTROLLER://127.0.0.1:${controller}`].join(),
      'advertised.listeners': listeners.join(),
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,GUARDED:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
      'controller.quorum.voters': `1@127.0.0.1:${controller}`,
      'listener.name.guarded.sasl.enabled.mechanisms': 'PLAIN',
      'listener.name.guarded.plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required ${logins};`,
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:ANONYMOUS'
    }
  })
  afterAll(() => stack.stop())
  Object.assign(process.env, stack.env)
  const { admin, grant, revoke } = await accessControl(`127.0.0.1:${kafka}`)
  const login = (user: string) => ({ mechanism: 'plain', username: user, password: user }) as const
  return {
    stack,
    admin,
    grant,
    revoke,
    /** The connection of a user. */
    as: <Options extends ConnectionOptions>(user: string, connection: Options): Options => ({
      ...connection,
      kafka: { brokers: [`127.0.0.1:${guarded}`], sasl: login(user) }
    }),
    /** The same as environment variables. */
    envAs: (user: string, env: Readonly<Record<string, string>>): Record<string, string> => ({
      ...env,
      KAFKA_BROKERS: `127.0.0.1:${guarded}`,
      KAFKA_SASL_MECHANISM: 'PLAIN',
      KAFKA_SASL_USERNAME: user,
      KAFKA_SASL_PASSWORD: user
    }),
    /** What the authorizer turned down, a line each. */
    denials: (): string[] => denialsIn(join(stack.logs, 'kafka.log'))
  }
}
