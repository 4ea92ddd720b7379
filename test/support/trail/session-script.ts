import type { TrailPositions, TrailSession } from '../../../trail/session/session.ts'
import type { Chunk, Row } from '../../../trail/types.ts'
import { copyRow, noWho } from './plain-rows.ts'

export interface SessionStage {
  readonly a: TrailSession
  readonly b: TrailSession
  readonly positions: TrailPositions
  /** Resolves when one of the sessions waits for the other. */
  readonly blocked: () => Promise<unknown>
}

const at = { topic: 'badge.awarded', partition: 0 }

export const chunkAt = (first: number, last: number): Chunk => ({
  ...at,
  incarnation: 1,
  first,
  last,
  pages: [],
  rows: last - first + 1,
  badRecords: [],
  skipped: 0,
  lost: 0,
  bytes: 0
})

const bytesOf = (id: number, reason?: string) => copyRow(contentOf(id, reason))

const rowOf = (id: number) => {
  const bytes = bytesOf(id)
  return { buffer: { bytes }, start: 0, end: bytes.length } as Row
}

/** A script of calls that real and fake sessions must answer alike. @returns what came of each. */
export async function runSessionScript({ a, b, positions, blocked }: SessionStage): Promise<unknown[]> {
  const seen: unknown[] = []
  const note = async (what: string, work: Promise<unknown>) => {
    const outcome = await work.then(
      value => (value instanceof Set || value instanceof Map ? [...value] : (value ?? 'done')),
      error => `error ${error.code}`
    )
    seen.push([what, outcome])
  }
  const claimed = (session: TrailSession, first: number, last = first) =>
    session
      .claim([chunkAt(first, last)])
      .then(({ granted, stored, fenced }) => [granted.size, stored.length, fenced.length])
  const copy = (session: TrailSession, ...ids: number[]) =>
    session.copy(
      ids.map(id => bytesOf(id)),
      ids.length
    )

  const waitFor = async (
    end: 'commit' | 'rollback',
    what: string,
    work: (session: TrailSession) => Promise<unknown>
  ) => {
    await Promise.all([a.begin(), b.begin()])
    await work(a)
    const waiting = work(b)
    void waiting.catch(() => undefined)
    await blocked()
    await a[end]()
    await note(`${what} that waited for a ${end}`, waiting)
    await b.rollback()
  }

  await note(
    'open',
    positions.open([{ ...at, start: 0 }]).then(found => found.get('badge.awarded/0')?.nextOffset)
  )
  await a.begin()
  await note('claim', claimed(a, 0, 1))
  await note('copy', copy(a, 0, 1))
  await note(
    'ledger',
    a.writeLedger([{ chunk: chunkAt(0, 1), rows: 2, duplicates: 0, quarantined: 0 }], () => new Date(0))
  )
  await note('commit', a.commit())
  const idOf = () => positions.read([at]).then(found => found.get('badge.awarded/0')?.topicId)
  for (const topicId of [undefined, 'an id that was not known', 'another id']) {
    await a.begin()
    await a.claim([{ ...chunkAt(2, 1), topicId }])
    await a.commit()
    await note(`the topic's id after ${topicId}`, idOf())
  }
  const fresh = { topic: 'quiz.submitted', partition: 0, start: 7, topicId: 'from the start' }
  await note(
    'open with an id',
    positions.open([fresh]).then(found => found.get('quiz.submitted/0')?.topicId)
  )

  await b.begin()
  await note('the same again is stored', claimed(b, 0, 1))
  await note('another chunk is fenced', claimed(b, 0, 5))
  await note(
    'a booking that does not add up',
    b.writeLedger([{ chunk: chunkAt(0, 1), rows: 2, duplicates: 0, quarantined: 0 }], () => new Date(0))
  )
  await note('after an error', b.unreadable(['{}']))
  await b.rollback()

  for (const [offset, end] of [
    [2, 'commit'],
    [3, 'rollback']
  ] as const) {
    await waitFor(end, 'a claim', session => claimed(session, offset))
    if (end === 'commit')
      await note(
        'position',
        positions.read([at]).then(found => found.get('badge.awarded/0')?.nextOffset)
      )
  }

  for (const [id, end] of [
    [2, 'rollback'],
    [2, 'commit']
  ] as const)
    await waitFor(end, 'an id', session => copy(session, id))

  await a.begin()
  await a.savepoint()
  await note('an id that stands', copy(a, 3, 2))
  await a.rollbackToSavepoint()
  await note(
    'standing',
    a.standing([rowOf(2), rowOf(3)]).then(keys => keys.size)
  )
  await note('the same and another content', a.sameContent([contentOf(2, 'good'), contentOf(2, 'other')]))
  await a.makeStaging()
  await a.copyToStaging([bytesOf(2), bytesOf(3)], 2)
  await note(
    'staged',
    a.storeStaged().then(keys => keys.size)
  )
  await note('committed', a.commit())

  await note(
    'no jsonb',
    inOne(a, () => a.unreadable(['{}', '"\\u0000"']))
  )
  await note(
    'copy of no jsonb',
    inOne(a, () => a.copy([bytesOf(4, '\\u0000')], 1))
  )
  await note(
    'copy of what the table refuses',
    inOne(a, () => a.copy([bytesOf(4, 'refused by the table')], 1))
  )

  await Promise.all([a.begin(), b.begin()])
  await Promise.all([copy(a, 5), copy(b, 6)])
  const first = copy(a, 6)
  void first.catch(() => undefined)
  await blocked()
  const second = copy(b, 5)
  // Whose wait is ended is for Postgres to choose; the other's continues.
  const outcomes = await Promise.all(
    [first.finally(() => undefined), second].map((each, index) =>
      each.then(
        () => 'done',
        async error => {
          await [a, b][index]?.rollback()
          return `error ${error.code}`
        }
      )
    )
  )
  seen.push(['deadlock', outcomes.sort()])
  await Promise.all([a.rollback(), b.rollback()])

  await positions.halt({ ...at, incarnation: 2 }, 'LOG_REPLACED')
  await note(
    'after a stop of another incarnation',
    inOne(a, () => claimed(a, 3))
  )
  await positions.halt({ ...at, incarnation: 1 }, 'LOG_CUT_BACK')
  await note(
    'a halted one',
    inOne(a, () => claimed(a, 3))
  )
  return seen
}

const contentOf = (id: number, reason = 'good') => ({
  id: `0190a5b2-0000-7000-8000-00000000000${id}`,
  aggregateId: '0190a5b2-0000-7000-8000-0000000000ff',
  occurredAt: 1_700_000_000_000_000n,
  eventName: 'badge.awarded',
  payload: `{"reason":"${reason}"}`,
  schemaVersion: 1,
  ...noWho,
  partition: 0,
  offset: id
})

async function inOne<T>(session: TrailSession, work: () => Promise<T>): Promise<T> {
  await session.begin()
  try {
    return await work()
  } finally {
    await session.rollback()
  }
}
