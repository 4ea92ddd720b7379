import { keyOf, type TopicPartition } from '../../../kafka/types/partition.ts'
import type { StoredPosition } from '../../../trail/positions/start-point.ts'
import type { TrailSession } from '../../../trail/session/session.ts'
import type { Chunk } from '../../../trail/types.ts'

/** Ways to break the sink on purpose; a checker that does not see each of them is none. */
export const sabotages = [
  'commit before write',
  'no fencing',
  'no deduplication',
  'offsets outside of the transaction',
  'poison skipped'
] as const
export type Sabotage = (typeof sabotages)[number]

/** What Postgres would refuse of a sink that is broken so: these guards are taken away, for the checker to be alone. */
export const guardsOf: Readonly<Record<Sabotage, readonly ('unique ids' | 'ledger')[]>> = {
  'commit before write': [],
  'no fencing': ['ledger'],
  'no deduplication': ['unique ids'],
  'offsets outside of the transaction': ['ledger'],
  'poison skipped': []
}

type Reader = (chunks: readonly TopicPartition[]) => Promise<Map<string, StoredPosition>>

/** The session of a sink that is broken in one way; {@link guardsOf} must be gone as well. */
export function sabotaged(session: TrailSession, how: Sabotage | undefined, read: Reader): TrailSession {
  switch (how) {
    case 'commit before write':
      return override(session, {
        claim: async chunks => {
          const claim = await session.claim(chunks)
          await session.commit()
          await session.begin()
          return claim
        }
      })
    case 'offsets outside of the transaction': {
      let later: readonly Chunk[] = []
      return override(session, {
        claim: async chunks => {
          const claim = await session.claim(chunks)
          later = chunks
          await session.rollback()
          await session.begin()
          return claim
        },
        commit: async () => {
          await session.commit()
          await session.begin()
          await session.claim(later)
          await session.commit()
        }
      })
    }
    case 'no fencing':
      return override(session, { claim: chunks => claimAnyhow(session, chunks, read) })
    case 'poison skipped':
      return override(session, { quarantine: async () => undefined })
    case 'no deduplication':
    case undefined:
      return session
  }
}

/** Moves the offsets from wherever they are. */
async function claimAnyhow(session: TrailSession, chunks: readonly Chunk[], read: Reader) {
  for (;;) {
    const stored = await read(chunks)
    const moved = chunks.map(chunk => {
      const at = stored.get(keyOf(chunk))
      return { ...chunk, first: at?.nextOffset ?? chunk.first, incarnation: at?.incarnation ?? chunk.incarnation }
    })
    const claim = await session.claim(moved)
    if (claim.granted.size === chunks.length) return claim
    await session.rollback()
    await session.begin()
  }
}

function override(session: TrailSession, methods: Partial<TrailSession>): TrailSession {
  return new Proxy(session, {
    get(target, name) {
      const method = Reflect.get(methods, name) ?? Reflect.get(target, name, target)
      return typeof method === 'function' ? method.bind(target) : method
    }
  })
}
