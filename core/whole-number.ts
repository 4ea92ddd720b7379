/** A whole number in decimal digits alone: what Number takes besides (`0x5`, `1e10`, blanks) is a slip in most cases. */
export function wholeNumberOf(text: string): number | undefined {
  const value = Number(text)
  return /^\d+$/.test(text) && Number.isSafeInteger(value) ? value : undefined
}
