import fc from 'fast-check'

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
