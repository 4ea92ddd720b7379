/** ms since 1970 with fractions, the same in every process of this machine. */
export const wallClock = (): number => performance.timeOrigin + performance.now()
