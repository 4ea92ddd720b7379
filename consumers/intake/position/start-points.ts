import { keyOf, type LogEnds, type TopicPartition } from '../../../kafka/index.ts'
import type { StartFrom } from '../../types.ts'

export interface StartFacts {
  /** Topics that did not exist when this member began. */
  readonly appeared: ReadonlySet<string>
  /** The first offsets that are as new as a date, by `keyOf`. */
  readonly offsetsAt: (sources: readonly TopicPartition[], date: Date) => Promise<ReadonlyMap<string, number>>
}

/** The positions of a group that is new. A topic that has appeared since it began is read from its start. */
export async function startPoints(
  from: StartFrom,
  logs: readonly LogEnds[],
  { appeared, offsetsAt }: StartFacts
): Promise<readonly (TopicPartition & { readonly offset: number })[]> {
  const dated =
    from instanceof Date
      ? await offsetsAt(
          logs.map(({ topic, partition }) => ({ topic, partition })),
          from
        )
      : undefined
  return logs.map(log => {
    const { topic, partition, start } = log
    return { topic, partition, offset: appeared.has(topic) ? start : offsetOf(from, log, dated) }
  })
}

function offsetOf(from: StartFrom, log: LogEnds, dated: ReadonlyMap<string, number> | undefined): number {
  const { topic, partition, start, end } = log
  if (from === 'earliest') return start
  if (from === 'latest') return end
  const given = dated ? dated.get(keyOf(log)) : (from as Exclude<StartFrom, string | Date>)[topic]?.[partition]
  return Math.min(Math.max(given ?? start, start), end)
}
