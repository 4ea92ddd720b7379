import { readFileSync } from 'node:fs'
import kafkajs, { type Admin } from 'kafkajs'
import { afterAll } from 'vitest'
import type { Grant } from '../../../../cli/acls/grants.ts'
import { eventually } from '../../stack.ts'

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, Kafka, logLevel, ResourcePatternTypes } = kafkajs

/** One that is granted for a topic or a group. */
type OneGrant = Pick<Grant, 'resource' | 'name' | 'pattern' | 'operations'>

/** Who gives rights and takes them away. */
export interface AccessControl {
  readonly admin: Admin
  /** Resolves once the broker obeys them. */
  grant(user: string, ...grants: readonly OneGrant[]): Promise<void>
  revoke(user: string, ...grants: readonly OneGrant[]): Promise<void>
}

/** @param address `host:port` of a listener where everyone is an administrator */
export async function accessControl(address: string): Promise<AccessControl> {
  const admin = new Kafka({ brokers: [address], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  afterAll(() => admin.disconnect())
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
  return {
    admin,
    async grant(user, ...grants) {
      const before = await granted(user)
      const acl = entries(user, grants)
      await admin.createAcls({ acl })
      await eventually(async () => (await granted(user)) >= before + acl.length, { what: `the rights of ${user}` })
    },
    async revoke(user, ...grants) {
      const before = await granted(user)
      const filters = entries(user, grants)
      await admin.deleteAcls({ filters })
      await eventually(async () => (await granted(user)) <= before - filters.length, { what: `the rights of ${user}` })
    }
  }
}

function entries(user: string, grants: readonly OneGrant[]) {
  return grants.flatMap(({ resource, name, pattern, operations }) =>
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
}

/** What the authorizer turned down, a line each. @param log the file of a broker's log */
export const denialsIn = (log: string): string[] =>
  readFileSync(log, 'utf8')
    .split('\n')
    .filter(line => line.includes(' is Denied operation'))

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
