import { indexerSessions, type Json, type RebuildSource, type SourceBatch } from '../../consumers/indexer/index.ts'
import { isObject } from '../../core/index.ts'
import { openDatabase } from '../../postgres/index.ts'
import type { Catalogue } from '../../schemas/index.ts'
import { readEnvelopes } from '../../trail/index.ts'
import type { Config } from '../config.ts'
import { databaseOf } from '../connection.ts'

interface Options {
  readonly catalogue: Catalogue
  readonly eventNames: readonly string[]
  readonly kafka: RebuildSource
}

/** How far both are: the last id of the trail until that is read, then the offsets. */
interface Position {
  readonly trail?: string
  readonly kafka?: Json
}

/**
 * The events of the trail in the order of their ids, then all that Kafka has: the trail may lag, and gets events with
 * older ids while it is read. What both have changes nothing the second time.
 */
export function trailThenKafka(
  config: Config,
  { catalogue, eventNames, kafka }: Options
): RebuildSource & AsyncDisposable {
  const database = openDatabase(databaseOf(config), indexerSessions)
  async function* read(from: Json | undefined): AsyncGenerator<SourceBatch> {
    const position: Position = isObject(from) ? (from as Position) : {}
    if (position.kafka === undefined) {
      for await (const { envelopes, unreadable, lastId, done } of readEnvelopes(database, {
        catalogue,
        eventNames,
        ...(position.trail !== undefined && { after: position.trail })
      }))
        yield { envelopes, unreadable, position: { trail: lastId }, done: done * 0.9 }
    }
    for await (const batch of kafka.read(position.kafka))
      yield { ...batch, position: { kafka: batch.position }, done: 0.9 + batch.done * 0.1 }
  }
  return { read, [Symbol.asyncDispose]: () => database.close() }
}
