import { composeRow, leafOf, type Signer } from '../../proof/index.ts'
import { clockTime } from '../../trail/proof/index.ts'
import { stretchFaults } from '../support/proof/sinks/stretch-faults.ts'
import type { Place, Tables } from './database.ts'

/** Holds the statements that are committed against the rows and lists that are. @returns every violation, in words. */
export function proofViolations(tables: Tables, signer: Signer): string[] {
  const rows = tables.rows.map(row => {
    const { topic, partition, incarnation, offset, recordedAt } = row
    const leaf = leafOf(composeRow({ ...row, offset: BigInt(offset) }))
    return { topic, partition, incarnation, offset, leaf, recorded: clockTime(recordedAt) }
  })
  const asides = [
    ...tables.duplicates.map(each => ({
      ...placeOf(each),
      line: { kind: 'duplicate', offset: each.offset, id: each.id } as const
    })),
    ...tables.quarantine.map(({ offset, last, fault, digest, ...each }) => ({
      ...placeOf(each),
      line: { kind: 'quarantined', offset, last, code: fault.code, digest } as const
    })),
    ...tables.gaps.map(({ offset, to, ...each }) => ({
      ...placeOf(each),
      line: { kind: 'lost', offset, last: to } as const
    }))
  ]
  const booked = [...tables.ledger.values()].map(({ first, last, ...each }) => ({ ...placeOf(each), first, last }))
  return stretchFaults({ entries: [...tables.entries.values()], rows, asides, booked }, signer)
}

function placeOf({ key, incarnation }: Pick<Place, 'key' | 'incarnation'>) {
  const [topic = '', partition] = key.split('/')
  return { topic, partition: Number(partition), incarnation }
}
