const share = Number(process.env.PROPERTY_RUNS ?? 1)

/**
 * How many cases a property test tries: all of them, or the share that the environment asks for
 * (`PROPERTY_RUNS=0.05`, as `npm run check` does).
 */
export const runs = (all: number): number => Math.max(1, Math.ceil(all * share))
