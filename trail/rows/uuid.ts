/** The value of a hexadecimal digit, 0xff for any other byte. */
const hexValue = Uint8Array.from({ length: 256 }, (_, byte) => {
  const value = Number.parseInt(String.fromCharCode(byte), 16)
  return Number.isNaN(value) ? 0xff : value
})
// Where the pairs of digits begin in the text of a UUID; the dashes are between them (RFC 9562, section 4).
const pairs = Uint8Array.of(0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34)
const dash = 0x2d

/** Bytes of a UUID's text. */
export const uuidTextLength = 36
/** Bytes of a UUID. */
export const uuidLength = 16

/** Writes the 16 bytes of the UUID whose text of 36 bytes begins at `start`; false when it is no UUID, of any version. */
export function parseUuid(source: Uint8Array, start: number, target: Uint8Array, at: number): boolean {
  let seen = 0
  for (let index = 0; index < uuidLength; index += 1) {
    const place = start + (pairs[index] as number)
    const high = hexValue[source[place] as number] as number
    const low = hexValue[source[place + 1] as number] as number
    seen |= high | low
    target[at + index] = (high << 4) | low
  }
  return (
    seen < 16 &&
    source[start + 8] === dash &&
    source[start + 13] === dash &&
    source[start + 18] === dash &&
    source[start + 23] === dash
  )
}

/** The text of the UUID at `start`, in lower case. */
export function uuidText(bytes: Buffer, start: number): string {
  const hex = bytes.toString('hex', start, start + uuidLength)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
