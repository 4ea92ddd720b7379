/**
 * Exact decimals: Avro keeps them as the two's complement of the unscaled integer, big-endian.
 * In JavaScript and JSON they are text, because a number would round them.
 */

/** Digits that a decimal may have at most; what a schema says beyond it no number here can hold. */
export const maxDecimalDigits = 10_000
/** Bytes of a decimal that are read at most: all the digits, with some to spare. */
export const maxDecimalBytes = 8_192

/** `12.5` with scale 2 → `1250n`; undefined when the text is no decimal of at most that many digits. */
export function unscaledOf(text: string, precision: number, scale: number): bigint | undefined {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text)
  if (!match) return undefined
  const [, sign, whole = '', fraction = ''] = match
  if (fraction.length > scale) return undefined
  const unscaled = BigInt(whole + fraction.padEnd(scale, '0'))
  if (unscaled >= 10n ** BigInt(precision)) return undefined
  return sign ? -unscaled : unscaled
}

/** `1250n` with scale 2 → `12.50`. */
export function decimalText(unscaled: bigint, scale: number): string {
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0')
  const sign = unscaled < 0n ? '-' : ''
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

/** The shortest two's complement, or one of `size` bytes. */
export function bytesOfUnscaled(unscaled: bigint, size?: number): Buffer {
  let length = size ?? 1
  while (size === undefined && BigInt.asIntN(8 * length, unscaled) !== unscaled) length += 1
  const hex = BigInt.asUintN(8 * length, unscaled).toString(16)
  return Buffer.from(hex.padStart(2 * length, '0'), 'hex')
}

export function unscaledOfBytes(bytes: Buffer): bigint {
  if (bytes.length === 0) return 0n
  return BigInt.asIntN(8 * bytes.length, BigInt(`0x${bytes.toString('hex')}`))
}
