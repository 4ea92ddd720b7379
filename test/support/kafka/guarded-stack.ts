import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import kafkajs from 'kafkajs'
import { afterAll } from 'vitest'
import type { Grant } from '../../../cli/acls/grants.ts'
import type { ConnectionOptions } from '../../../connection/index.ts'
import { startStack } from '../../../dev/stack/index.ts'
import { eventually } from '../stack.ts'

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, Kafka, logLevel, ResourcePatternTypes } = kafkajs

/** One that is granted for a topic or a group. */
type OneGrant = Pick<Grant, 'resource' | 'name' | 'pattern' | 'operations'>

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
  const admin = new Kafka({ brokers: [`127.0.0.1:${kafka}`], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  afterAll(() => admin.disconnect())

  const entries = (user: string, grants: readonly OneGrant[]) =>
    grants.flatMap(({ resource, name, pattern, operations }) =>
      operations.map(operation => ({
        resourceType: resource === 'topic' ? AclResourceTypes.TOPIC : AclResourceTypes.GROUP,
        resourceName: name,
        resourcePatternType: pattern === 'literal' ? ResourcePatternTypes.LITERAL : ResourcePatternTypes.PREFIXED,
        principal: `User:${user}`,
        host: '*',
        operation: AclOperationTypes[operation],
        permissionType: AclPermissionTypes.ALLOW
      }))
    )
  /** How many of a user's grants the broker, which learns of them from its controller, has by now. */
  const granted = async (user: string): Promise<number> => {
    const { resources } = await admin.describeAcls({
      resourceType: AclResourceTypes.ANY,
      resourceName: undefined,
      resourcePatternType: ResourcePatternTypes.ANY,
      principal: `User:${user}`,
      host: undefined,
      operation: AclOperationTypes.ANY,
      permissionType: AclPermissionTypes.ANY
    } as unknown as Parameters<typeof admin.describeAcls>[0])
    return resources.reduce((sum, { acls }) => sum + acls.length, 0)
  }
  const login = (user: string) => ({ mechanism: 'plain', username: user, password: user }) as const
  return {
    stack,
    admin,
    /** Resolves once the broker obeys them. */
    async grant(user: string, ...grants: readonly OneGrant[]): Promise<void> {
      const before = await granted(user)
      const acl = entries(user, grants)
      await admin.createAcls({ acl })
      await eventually(async () => (await granted(user)) >= before + acl.length, { what: `the rights of ${user}` })
    },
    async revoke(user: string, ...grants: readonly OneGrant[]): Promise<void> {
      const before = await granted(user)
      const filters = entries(user, grants)
      await admin.deleteAcls({ filters })
      await eventually(async () => (await granted(user)) <= before - filters.length, { what: `the rights of ${user}` })
    },
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
    denials: (): string[] =>
      readFileSync(join(stack.logs, 'kafka.log'), 'utf8')
        .split('\n')
        .filter(line => line.includes(' is Denied operation'))
  }
}

export const topic = (name: string, ...operations: Grant['operations']): OneGrant => ({
  resource: 'topic',
  name,
  pattern: 'literal',
  operations
})

export const group = (name: string, ...operations: Grant['operations']): OneGrant => ({
  resource: 'group',
  name,
  pattern: 'literal',
  operations
})
