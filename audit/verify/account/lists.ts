import { AsideDigest, type AsideLine } from '../../../proof/index.ts'
import type { Findings } from '../findings.ts'
import type { Account } from './account.ts'
import type { Lane, PartitionPlace } from './lane.ts'
import type { Stretch } from './stretch.ts'

/** A line of the lists of duplicates, quarantine and gaps. */
export interface ListedLine extends PartitionPlace {
  /** Its digest is empty where the database has none. */
  readonly line: AsideLine
  /** What has become of a record in quarantine; undefined for other lines. */
  readonly status?: string | undefined
  /** When it was listed: µs since 2000. */
  readonly at: number
}

interface Open {
  readonly stretch: Stretch
  readonly digest: AsideDigest
  readonly counts: Record<AsideLine['kind'], number>
}

/** Holds the lists against the digests of stretches, and remembers which offsets are no rows. */
export class ListChecker {
  readonly #account: Account
  readonly #findings: Findings
  /** The stretch of each lane whose lines are coming. */
  readonly #open = new Map<Lane, Open>()
  readonly #checked = new Set<Stretch>()
  readonly counts = { duplicate: 0, quarantined: 0, lost: 0 }

  constructor(account: Account, findings: Findings) {
    this.#account = account
    this.#findings = findings
  }

  /** Lines of a partition come in the order of their offsets. */
  take(listed: ListedLine): void {
    const { group, topic, partition, incarnation, line, at } = listed
    this.counts[line.kind] += offsetsOf(line)
    let isKnown = false
    for (const lane of this.#account.lanesOf(listed)) {
      const stretch = lane.find(line.offset)
      if (!stretch) continue
      isKnown = true
      if (!stretch.source.isOld) this.#add(lane, stretch, line)
    }
    if (listed.status !== undefined) this.#checkStatus(listed, listed.status, isKnown)
    // What was listed before the proof began is in no statement.
    if (isKnown || at < this.#account.began) return
    const place = { topic, partition, incarnation, group, first: line.offset, last: lastOf(line) }
    this.#findings.report('LIST_CHANGED', place, `${nameOf[line.kind]} is listed that no statement has`)
  }

  /** What has become of a record is what an entry says; without one it is held. */
  #checkStatus(listed: ListedLine, status: string, isKnown: boolean): void {
    const { group, topic, partition, incarnation, line } = listed
    const said = this.#account.resolutionsOf({ group, topic, partition, incarnation }, line.offset)
    // Before the proof began there were no entries.
    if (!isKnown && said.length === 0) return
    // One that may not say it is a finding of its own.
    if (said.some(({ source }) => !source.isTrusted)) return
    const allowed: string[] = said.map(each => each.status)
    // A database that was restored may have it as it was before.
    if (said.every(({ epoch }) => epoch < this.#account.epoch)) allowed.push('held')
    if (allowed.includes(status)) return
    this.#findings.report(
      'LIST_CHANGED',
      { topic, partition, incarnation, group, first: line.offset, last: lastOf(line) },
      `the record in quarantine is ${status}, and its entries say ${allowed.join(' or ')}`
    )
  }

  /** After the last line. */
  finish(): void {
    for (const open of this.#open.values()) this.#close(open)
    for (const { stretches } of this.#account.lanes)
      for (const stretch of stretches.all()) {
        const { source, given } = stretch
        if (given.aside !== null && source.isTrusted && !source.isOld && !this.#checked.has(stretch))
          this.#findings.report('LIST_CHANGED', stretch.where, 'what is listed of these offsets is gone')
      }
  }

  #add(lane: Lane, stretch: Stretch, line: AsideLine): void {
    let open = this.#open.get(lane)
    if (open?.stretch !== stretch) {
      if (open) this.#close(open)
      open = { stretch, digest: new AsideDigest(), counts: { duplicate: 0, quarantined: 0, lost: 0 } }
      this.#open.set(lane, open)
    }
    open.digest.add(line)
    open.counts[line.kind] += offsetsOf(line)
    for (let offset = line.offset; offset <= lastOf(line); offset += 1) stretch.aside?.add(offset)
  }

  #close({ stretch, digest, counts }: Open): void {
    this.#checked.add(stretch)
    const { source, given, where } = stretch
    if (!source.isTrusted || digest.digest() === given.aside) return
    const { duplicate, quarantined, lost } = counts
    this.#findings.report(
      'LIST_CHANGED',
      where,
      `what is listed of these offsets (${duplicate} duplicates, ${quarantined} in quarantine, ${lost} lost) is not what was recorded`
    )
  }
}

const lastOf = (line: AsideLine): number => (line.kind === 'duplicate' ? line.offset : (line.last ?? line.offset))
const offsetsOf = (line: AsideLine): number => lastOf(line) - line.offset + 1
const nameOf = { duplicate: 'a duplicate', quarantined: 'a record in quarantine', lost: 'a gap' } as const
