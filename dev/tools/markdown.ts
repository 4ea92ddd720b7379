/** A number for people: no fraction, thousands apart. */
export const whole = (value: number): string => Math.round(value).toLocaleString('en')

/** A table whose first column is text, and the others are numbers. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const rule = head.map((_, index) => (index === 0 ? '---' : '--:'))
  return [line(head), line(rule), ...rows.map(line)].join('\n')
}
