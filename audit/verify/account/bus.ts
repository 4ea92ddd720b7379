import type { Entry } from '../../../proof/index.ts'
import type { Place } from '../findings.ts'
import type { Source } from '../source.ts'
import { rootOf } from './stretch.ts'

type BusEntry = Extract<Entry, { kind: 'bus' }>
type AdoptedBus = Extract<Entry, { kind: 'adopted' }>['bus'][number]

/** Rows of the bus that one root is over: those of an entry, or a range of ids that was adopted. */
export interface BusGroup {
  readonly source: Source
  readonly where: Place
  readonly rows: number
  /** Base64. */
  readonly root: string
  readonly leaves: Map<string, string>
  outside: number
}

/** A UUID of 32 hexadecimal digits, as they are compared here: the order of bytes. */
export const hexOf = (uuid: string): string => uuid.replaceAll('-', '')

/** Which rows of the bus there have to be, by their ids. */
export class BusBook {
  readonly groups: BusGroup[] = []
  readonly #byId = new Map<string, BusGroup>()
  readonly #ranges: { readonly first: string; readonly last: string; readonly group: BusGroup }[] = []

  take(source: Source, where: Place, { id, root }: BusEntry): void {
    const group = this.#group(source, where, id.length, root)
    for (const each of id) this.#byId.set(Buffer.from(each, 'base64url').toString('hex'), group)
  }

  adopt(source: Source, where: Place, { first, last, rows, root }: AdoptedBus): void {
    this.#ranges.push({ first: hexOf(first), last: hexOf(last), group: this.#group(source, where, rows, root) })
  }

  /** @param id 32 hexadecimal digits */
  of(id: string): BusGroup | undefined {
    return this.#byId.get(id) ?? this.#ranges.find(({ first, last }) => first <= id && id <= last)?.group
  }

  /** The ids of a group that has them one by one, where no row was found. */
  missingOf(group: BusGroup): string[] {
    return [...this.#byId].filter(([id, of]) => of === group && !group.leaves.has(id)).map(([id]) => id)
  }

  #group(source: Source, where: Place, rows: number, root: string): BusGroup {
    const group = { source, where, rows, root, leaves: new Map<string, string>(), outside: 0 }
    this.groups.push(group)
    return group
  }
}

/** The root over the rows of a group that were found, in the order of their ids. */
export const rootOfGroup = ({ leaves }: BusGroup): string | undefined =>
  rootOf(
    Buffer.concat(
      [...leaves].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, leaf]) => Buffer.from(leaf, 'latin1'))
    )
  )
