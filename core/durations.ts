/** Longest wait of a timer, in ms: almost 25 days. One ms more, and Node fires it at once. */
export const longestTimerMs = 2 ** 31 - 1

/** What an option is to be that holds ms to wait. */
export const durationWords = (least: number): string =>
  `a whole number of ms from ${least} to ${longestTimerMs} (24.8 days)`

/** What is wrong with an option that holds how many there are, from 1; undefined where nothing is. */
export function countFault(name: string, value: unknown): string | undefined {
  if (Number.isSafeInteger(value) && Number(value) >= 1) return undefined
  return `Expected \`${name}\` to be a whole number from 1, got ${shown(value)}`
}

/** What is wrong with an option that holds ms to wait, as `Expected … got …`; undefined where nothing is. */
export function durationFault(name: string, value: unknown, least: number): string | undefined {
  if (isDuration(value, least)) return undefined
  return `Expected \`${name}\` to be ${durationWords(least)}, got ${shown(value)}`
}

const shown = (value: unknown): string => (typeof value === 'number' ? String(value) : typeof value)

/** Whether an option can hold ms to wait. */
export const isDuration = (value: unknown, least: number): boolean =>
  Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= longestTimerMs
