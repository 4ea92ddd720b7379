/** Signs for the person at the terminal, or plain ASCII where the terminal shows nothing else. */
export interface Signs {
  readonly right: string
  readonly wrong: string
  readonly dot: string
}

/** Which signs a terminal with these variables can show. */
export function signsFor(env: Readonly<Record<string, string | undefined>>): Signs {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || ''
  return /utf-?8/i.test(locale) ? { right: '✓', wrong: '✗', dot: '·' } : { right: 'ok ', wrong: 'NOT', dot: '|' }
}

/** 12,345 */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** `1 mail`, `2 mails` */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`
}

/** Seconds with one decimal, of milliseconds. */
export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}

/** Pads the cells of rows so that columns line up; the last column is left as it is. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows.reduce<number[]>(
    (widest, row) => row.map((cell, index) => Math.max(widest[index] ?? 0, cell.length)),
    []
  )
  return rows.map(row =>
    row
      .map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0)))
      .join('  ')
      .trimEnd()
  )
}
