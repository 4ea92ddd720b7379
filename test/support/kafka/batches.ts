import type { Signer } from '../../../proof/index.ts'
import { statementOf } from '../../../sink/statement-of.ts'
import type { Batch } from '../../../sink/write/types.ts'
import { Writer } from '../../../sink/write/writer.ts'
import { openPositions } from '../../../trail/positions/fence.ts'
import { CopyBuffer } from '../../../trail/rows/copy-buffer.ts'
import { openPgSession } from '../../../trail/session/pg-session.ts'
import type { BadRecord, Chunk } from '../../../trail/types.ts'
import type { TestTrail } from '../trail.ts'

/** The end of a chunk of refused ones: offsets that they leave out are counted as skipped. */
const lastOf = ({ offset, lastOffset = offset }: BadRecord): number => lastOffset

/** A chunk without a row. Its refused ones are in the order of their offsets. */
export function refusedChunk(topic: string, first: number, badRecords: readonly BadRecord[]): Chunk {
  const last = Math.max(...badRecords.map(lastOf))
  const held = badRecords.reduce((sum, each) => sum + lastOf(each) - each.offset + 1, 0)
  const skipped = last - first + 1 - held
  return {
    topic,
    partition: 0,
    incarnation: 1,
    first,
    last,
    pages: [],
    rows: 0,
    badRecords,
    skipped,
    lost: 0,
    bytes: 0
  }
}

export const batchOf = (chunks: readonly Chunk[]): Batch => ({
  buffer: new CopyBuffer(1),
  chunks,
  rows: chunks.reduce((sum, { rows, badRecords }) => sum + rows + badRecords.length, 0),
  bytes: 0,
  trigger: 'rows'
})

/** A writer on the trail's Postgres as a sink has it, and the means to begin partitions there. */
export function writerOn({ databaseUrl, group, db, sinkOptions: { log, topicPrefix } }: TestTrail, signer?: Signer) {
  const options = { database: databaseUrl, group, applicationName: 'eventtrail-sink/test', pool: db, signer }
  return {
    writer: new Writer({
      openSession: () => openPgSession(options),
      beginStatement: prover => statementOf(prover, { group, topicPrefix }),
      watch: { blockedAfterMs: 1_500 },
      log
    }),
    /** Makes the trail know partition 0 of a topic, at offset 0 or `start`. */
    begin: (topic: string, start = 0) => openPositions(db, group, [{ topic, partition: 0, start }])
  }
}
