/** Something that has to be reached, and what was reached. */
export interface Goal {
  readonly what: string
  readonly wanted: string
  readonly reached: string
  readonly ok: boolean
}
