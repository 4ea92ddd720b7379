import { table, whole } from '../../tools/index.ts'
import { type ConsumeResults, consumeGoals } from './consume.ts'
import { circumstancesText, fixed, goalTable, megabytes, spreadText } from './parts.ts'

/** The part of the page about consumer groups. */
export function consumePart(consume: ConsumeResults): string[] {
  const ratioText = (
    ratio: (typeof consume.summaries)[number]['ratios'][string] | undefined,
    digits: number
  ): string => (ratio ? spreadText(ratio, fixed(digits)) : '')
  return [
    '## Consumer groups',
    `How fast a group hands events to handlers, in its own process, from the first event to the last: ${whole(consume.events)} events of three names with 6 partitions each and 20,000 aggregates, ${consume.turns} turns. With handlers of 5 ms: one event name, 64 handlers at once. \`npm run bench -- consume\``,
    goalTable(consumeGoals(consume)),
    table(
      ['', 'events/s', '× `raw`', '× `one-5ms`', 'own CPU s per million', 'peak memory, MB'],
      consume.summaries.map(({ name, label, eventsPerSecond, ratios, processor, peakMemory }) => [
        `${label} (\`${name}\`)`,
        spreadText(eventsPerSecond, whole),
        name.endsWith('5ms') || name === 'raw' ? '' : ratioText(ratios.raw, 2),
        name.endsWith('5ms') && name !== 'one-5ms' ? ratioText(ratios['one-5ms'], 1) : '',
        spreadText(processor, fixed(1)),
        spreadText(peakMemory, megabytes)
      ])
    ),
    '`raw` keeps no order per aggregate beyond that of the partition, repeats nothing, has no dead letters, and commits what it has begun. Peak memory includes Node itself and the start of the process.',
    circumstancesText(consume)
  ]
}
