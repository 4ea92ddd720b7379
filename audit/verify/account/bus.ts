import type { Entry } from '../../../proof/index.ts'
import type { Place } from '../findings.ts'
import type { Source } from '../source.ts'
import { rootOf } from './stretch.ts'

type BusEntry = Extract<Entry, { kind: 'bus' }>
type AdoptedBus = Extract<Entry, { kind: 'adopted' }>['bus'][number]

export interface IdRange {
  readonly first: string
  readonly last: string
}

/** Rows of the bus that one root is over: those of an entry, or a range of ids that was adopted. */
export interface BusGroup {
  readonly source: Source
  readonly where: Place
  readonly rows: number
  /** Base64. */
  readonly root: string
  readonly leaves: Map<string, string>
  /** The first and the last id of rows that were adopted: 32 hexadecimal digits. */
  readonly range?: IdRange
  outside: number
}

/** A UUID of 32 hexadecimal digits, as they are compared here: the order of bytes. */
export const hexOf = (uuid: string): string => uuid.replaceAll('-', '')

/** Which rows of the bus there have to be, by their ids. */
export class BusBook {
  readonly groups: BusGroup[] = []
  readonly #byId = new Map<string, BusGroup>()
  readonly #ranges: (IdRange & { readonly group: BusGroup })[] = []

  take(source: Source, where: Place, { id, root }: BusEntry): void {
    const group = this.#group(source, where, id.length, root)
    for (const each of id) this.#byId.set(Buffer.from(each, 'base64url').toString('hex'), group)
  }

  adopt(source: Source, where: Place, { first, last, rows, root }: AdoptedBus): void {
    const range = { first: hexOf(first), last: hexOf(last) }
    this.#ranges.push({ ...range, group: this.#group(source, where, rows, root, range) })
  }

  /** Whether rows of before the proof were adopted. */
  get isAdopted(): boolean {
    return this.#ranges.length > 0
  }

  /** @param id 32 hexadecimal digits */
  of(id: string): BusGroup | undefined {
    return this.#byId.get(id) ?? this.#ranges.find(({ first, last }) => first <= id && id <= last)?.group
  }

  /** The ids of a group that has them one by one, where no row was found. */
  missingOf(group: BusGroup): string[] {
    return [...this.#byId].filter(([id, of]) => of === group && !group.leaves.has(id)).map(([id]) => id)
  }

  #group(source: Source, where: Place, rows: number, root: string, range?: IdRange): BusGroup {
    const leaves = new Map<string, string>()
    const group = { ...{ source, where, rows, root, leaves, outside: 0 }, ...(range && { range }) }
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
