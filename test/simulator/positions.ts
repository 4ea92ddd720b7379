import { keyOf } from '../../kafka/types/partition.ts'
import type { TrailPositions } from '../../trail/session/session.ts'
import { Transaction } from './database.ts'
import type { Wire } from './session.ts'
import * as statements from './statements.ts'
import type { Process } from './world.ts'

/** The positions outside of the transactions, each question a short transaction of its own. */
export function fakePositions(wire: Wire, process: Process): TrailPositions {
  const ask = <T>(work: () => Promise<T>): Promise<T> => {
    const answer = Promise.withResolvers<T>()
    const back = (run: () => void) => process.world.in(process.world.below(wire.latencyMs), () => process.deliver(run))
    process.world.in(process.world.below(wire.latencyMs), () => {
      void work().then(
        result => back(() => answer.resolve(result)),
        error => back(() => answer.reject(error))
      )
    })
    return answer.promise
  }
  const { db } = wire
  const read: TrailPositions['read'] = async partitions =>
    new Map(
      partitions.flatMap(partition => {
        const at = db.tables.offsets.get(keyOf(partition))
        return at ? [[keyOf(partition), at] as const] : []
      })
    )
  const change = async (key: string, work: (tx: Transaction) => void) => {
    const tx = new Transaction(-1, process.world.now)
    try {
      await db.lock(tx, `offsets ${key}`)
      work(tx)
      db.commit(tx)
    } finally {
      db.rollBack(tx)
    }
  }
  const halt = (key: string, halted: string, incarnation?: number) =>
    change(key, tx => {
      const at = db.tables.offsets.get(key)
      if (at && at.halted === undefined && at.incarnation === (incarnation ?? at.incarnation))
        statements.setOffsets(tx, key, { ...at, halted })
    })
  return {
    read: partitions => ask(() => read(partitions)),
    open: partitions =>
      ask(async () => {
        for (const { start, topicId, ...partition } of partitions) {
          const key = keyOf(partition)
          await change(key, tx => {
            if (db.tables.offsets.has(key)) return
            const fresh = { nextOffset: start, incarnation: 1, updatedAt: db.world.now }
            statements.setOffsets(tx, key, { ...fresh, ...(topicId !== undefined && { topicId }) })
          })
        }
        return read(partitions)
      }),
    halt: (partition, reason) => ask(() => halt(keyOf(partition), reason, partition.incarnation)),
    haltTopic: (topic, reason) =>
      ask(async () => {
        for (const key of [...db.tables.offsets.keys()].sort()) if (key.startsWith(`${topic}/`)) await halt(key, reason)
      })
  }
}
