import type { Health, Reach } from '../observability/index.ts'
import type { PartitionTrouble, Vitals } from './types/index.ts'
import { troublesInWords } from './unserved.ts'

/** ms for which a member that had partitions may be without: a rebuild for a new topic takes a second or two. */
const graceMs = 10_000

/**
 * How a member of a consumer group is. One that waits for topics, or has no partition to read, is well.
 * @param troubles partitions of its that cannot be read
 */
export function memberHealth(
  { awayMs, dead, obstacle }: Pick<Vitals, 'awayMs' | 'dead'> & Partial<Pick<Vitals, 'obstacle'>>,
  kafka: Reach,
  troubles: readonly PartitionTrouble[] = []
): Health {
  const away = obstacle !== undefined ? [obstacle] : awayMs > graceMs ? ['no partitions yet'] : []
  return {
    notReady: [...kafka.reasons, ...away, ...troublesInWords(troubles)],
    dead: dead ? ['the Kafka consumer does not turn any more'] : []
  }
}
