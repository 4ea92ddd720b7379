import fc from 'fast-check'

const share = Number(process.env.PROPERTY_RUNS ?? 1)

/**
 * How many cases a property test tries: all of them, or the share that the environment asks for
 * (`PROPERTY_RUNS=0.05`, as `npm run check` does).
 */
export const runs = (all: number): number => Math.max(1, Math.ceil(all * share))

// Half surrogates, which are no characters, are left out.
const codePoint = fc.nat(0x10_ffff - 0x800).map(number => (number < 0xd800 ? number : number + 0x800))

/**
 * Texts of any characters of Unicode. As `fc.string({ unit: 'binary' })`, which takes a second of processor time to begin,
 * in each file of tests.
 */
export const anyText = (limits: { readonly maxLength?: number } = {}): fc.Arbitrary<string> =>
  fc
    .array(fc.oneof(codePoint, fc.nat(0x7f), fc.nat(0x7ff)), limits)
    .map(codePoints => String.fromCodePoint(...codePoints))
