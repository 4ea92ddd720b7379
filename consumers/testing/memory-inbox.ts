import type { Claim, Inbox } from '../inbox/index.ts'

/**
 * Remembers in this process which effects were done, with the rules of the one in Postgres: an effect that throws is not
 * done, and of two at once the second waits for the first. Effects get the client that the handler gave.
 */
export function memoryInbox(): Inbox {
  const done = new Set<string>()
  const running = new Map<string, Promise<unknown>>()
  const fresh = async ({ group, ids }: Claim): Promise<readonly string[]> => {
    for (const id of ids) while (running.has(`${group} ${id}`)) await running.get(`${group} ${id}`)
    return ids.filter(id => !done.has(`${group} ${id}`))
  }
  return {
    async run(client, claim, effect) {
      const ids = await fresh(claim)
      if (ids.length === 0) return false
      const keys = ids.map(id => `${claim.group} ${id}`)
      const { promise: ended, resolve: end } = Promise.withResolvers<void>()
      for (const key of keys) running.set(key, ended)
      try {
        await effect(new Set(ids), client as never)
        for (const key of keys) done.add(key)
      } finally {
        for (const key of keys) running.delete(key)
        end()
      }
      return true
    }
  }
}
