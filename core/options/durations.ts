/** Longest wait of a timer, in ms: almost 25 days. One ms more, and Node fires it at once. */
export const longestTimerMs = 2 ** 31 - 1

/** What an option with ms to wait must be. */
export const durationWords = (least: number): string =>
  `a whole number of ms from ${least} to ${longestTimerMs} (24.8 days)`

/** Whether an option can hold ms to wait. */
export const isDuration = (value: unknown, least: number): boolean =>
  Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= longestTimerMs
