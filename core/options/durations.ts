import { OptionsError } from './options-error.ts'

/** Longest wait of a timer, in ms: almost 25 days. One ms more, and Node fires it at once. */
export const longestTimerMs = 2 ** 31 - 1

/** What an option with ms to wait must be. */
export const durationWords = (least: number): string =>
  `a whole number of ms from ${least} to ${longestTimerMs} (24.8 days)`

/** @throws OptionsError when an option that holds a count is no whole number from 1 */
export function checkCount(name: string, value: unknown): void {
  if (!Number.isSafeInteger(value) || Number(value) < 1) throw new OptionsError(name, 'a whole number from 1', value)
}

/** Whether an option can hold ms to wait. */
export const isDuration = (value: unknown, least: number): boolean =>
  Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= longestTimerMs
