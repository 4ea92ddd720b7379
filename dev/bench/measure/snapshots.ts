/** One look at which transactions are done: Postgres' `pg_current_snapshot()` and when its answer was there. */
export interface Snapshot {
  /** ms since 1970. */
  readonly at: number
  /** `xmin:xmax:xip,…` */
  readonly text: string
}

/**
 * When each transaction was first seen to be visible to others.
 * @param snapshots in the order of their times.
 * @param transactions ids, as in `xmin` of a row.
 * @returns ms since 1970 by id; one that no snapshot shows is left out.
 */
export function visibleSince(snapshots: Iterable<Snapshot>, transactions: Iterable<number>): Map<number, number> {
  const seen = new Map<number, number>()
  let pending = [...new Set(transactions)].sort((one, other) => one - other)
  for (const { at, text } of snapshots) {
    const [, end = '0', running = ''] = text.split(':')
    const nextId = Number(end)
    if (pending[0] === undefined || pending[0] >= nextId) continue
    const unfinished = new Set(running ? running.split(',').map(Number) : [])
    pending = pending.filter(id => {
      if (id >= nextId || unfinished.has(id)) return true
      seen.set(id, at)
      return false
    })
  }
  return seen
}

export function parseSnapshots(text: string): Snapshot[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map(line => {
      const [at, snapshot = ''] = line.split(' ')
      return { at: Number(at), text: snapshot }
    })
}
