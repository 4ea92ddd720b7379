import { keptDigest } from '../../../proof/index.ts'
import type { Findings } from '../findings.ts'
import { placeOfSource } from '../source.ts'
import type { Account } from './account.ts'
import { hexOf } from './bus.ts'
import { isVerified } from './gone.ts'

/** A leaf that stays of a row that went by retention or redaction. */
export interface KeptLeaf {
  /** Of the entry by which the row went: its index in the log, or its number where it is not sealed. */
  readonly entry: number | undefined
  readonly unsealed: number | undefined
  readonly event: string
  /** Null for rows of the bus. */
  readonly topic: string | null
  readonly partition: number
  readonly incarnation: number
  readonly offset: number
  readonly leaf: Buffer
}

/** Holds leaves that were kept against the digests of their entries, and puts them where their rows were. */
export function placeKept(account: Account, kept: readonly KeptLeaf[], findings: Findings): void {
  for (const { source, entry } of account.retentions) {
    if (!isVerified(source)) continue
    const own = kept.filter(each =>
      source.unsealed === undefined ? each.entry === source.index : each.unsealed === source.unsealed
    )
    if (keptDigest(Buffer.concat(own.map(({ leaf }) => leaf))) !== entry.kept.digest)
      findings.report(
        'KEPT_CHANGED',
        placeOfSource(source),
        `${own.length} leaves stay of rows that were dropped, and the entry has ${entry.kept.leaves}, or other ones`
      )
  }
  for (const each of kept) {
    const leaf = each.leaf.toString('latin1')
    const redaction = account.redactions.get(hexOf(each.event))
    if (redaction && redaction.leaf !== leaf)
      findings.report(
        'KEPT_CHANGED',
        { ...placeOfSource(redaction.source), event: each.event },
        'the leaf of a redacted row is another one'
      )
    if (each.topic === null) account.bus.of(hexOf(each.event))?.leaves.set(hexOf(each.event), leaf)
    else
      for (const lane of account.lanesAt(each.topic, each.partition, each.incarnation)) {
        const stretch = lane.find(each.offset)
        if (stretch && !stretch.aside?.has(each.offset) && isVerified(stretch.source)) {
          stretch.put(each.offset, leaf)
          break
        }
      }
  }
}
