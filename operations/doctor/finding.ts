/** One thing that the doctor looked at. */
export interface Finding {
  readonly check: string
  readonly level: 'ok' | 'warning' | 'wrong'
  /** What was found, and what to do where it is wrong. */
  readonly words: string
}

export const ok = (check: string, words: string): Finding => ({ check, level: 'ok', words })
export const warning = (check: string, words: string): Finding => ({ check, level: 'warning', words })
export const wrong = (check: string, words: string): Finding => ({ check, level: 'wrong', words })
