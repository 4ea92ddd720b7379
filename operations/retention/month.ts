import { type MonthPartition, monthPartition } from '../../trail/index.ts'

/** A month of the trail. */
export interface Month extends MonthPartition {
  /** `2026-11` */
  readonly name: string
  /** When it begins, in UTC. */
  readonly start: Date
  /** When the next one begins. */
  readonly end: Date
}

/** Days after the end of a month in which its events may still be on their way. */
export const settlingDays = 7

const dayMs = 86_400_000

/** The month of a name such as `2026-11`, from 1970 on; undefined for another text. */
export function monthNamed(name: string): Month | undefined {
  if (!/^(19[7-9]\d|[2-9]\d{3})-(0[1-9]|1[0-2])$/.test(name)) return undefined
  const start = new Date(`${name}-01T00:00:00Z`)
  const end = new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1))
  return { ...monthPartition(start), name, start, end }
}

/** Why a month is too young to be dropped, in words; undefined where it is old enough. */
export function tooYoung({ name, start, end }: Month, now: Date): string | undefined {
  if (start > now) return `${name} has not begun`
  if (end > now) return `${name} is the current month`
  const settled = new Date(end.getTime() + settlingDays * dayMs)
  return settled > now
    ? `${name} ended less than ${settlingDays} days ago, and sinks may still store events of it: it can be dropped from ${settled.toISOString().slice(0, 10)} on`
    : undefined
}
