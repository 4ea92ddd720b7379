import { table, whole } from '../../tools/index.ts'
import type { Circumstances } from '../types.ts'
import type { Goal } from './goal.ts'
import type { Spread } from './statistics.ts'

export const fixed = (digits: number) => (value: number) => value.toFixed(digits)
export const megabytes = (value: number): string => whole(value / 2 ** 20)
export const percent = (value: number): string => `${Math.round(value * 100)} %`

/** `median (least–most)` */
export function spreadText({ median, min, max }: Spread, format: (value: number) => string): string {
  const [middle, low, high] = [median, min, max].map(format)
  return low === high ? `${middle}` : `${middle} (${low}–${high})`
}

/** Goals, and whether they were reached. */
export function goalTable(goals: readonly Goal[]): string {
  return table(
    ['goal', 'wanted', 'median reached', ''],
    goals.map(({ what, wanted, reached, ok }) => [what, wanted, reached, ok ? 'reached' : '**not reached**'])
  )
}

/** When and where something was measured. */
export function circumstancesText({ measuredAt, machine, versions, durability }: Circumstances): string {
  const pairs = (record: Readonly<Record<string, string>>, join: string) =>
    Object.entries(record)
      .map(([name, value]) => `${name}${join}${value}`)
      .join(', ')
  const settings =
    Object.keys(durability).length > 0
      ? ` Postgres for all contenders, checked with each turn: \`${pairs(durability, '=')}\`.`
      : ''
  return `Measured ${measuredAt.slice(0, 16).replace('T', ' ')} UTC on ${machine.cores} cores (${machine.processor}), ${machine.memoryGb} GB, servers and clients on the same machine. ${pairs(versions, ' ')}.${settings}`
}
