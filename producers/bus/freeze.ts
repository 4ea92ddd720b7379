/** Freezes a decoded value all the way down, but for bytes, which cannot be. */
export function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  for (const each of Object.values(value)) freeze(each)
  return Object.freeze(value)
}
