import { type Finding, type FindingCode, Findings, type Place } from '../verify/index.ts'

/** Findings that are handed on as they come, each once. */
export class HeardFindings extends Findings {
  readonly #hear: (finding: Finding) => void
  readonly #said = new Set<string>()

  constructor(hear: (finding: Finding) => void) {
    super()
    this.#hear = hear
  }

  override report(code: FindingCode, place: Place, words: string): Finding {
    const finding = { code, place, words }
    const text = JSON.stringify(finding)
    // The log is read again when this member gets further partitions.
    if (this.#said.has(text)) return finding
    this.#said.add(text)
    super.report(code, place, words)
    this.#hear(finding)
    return finding
  }
}
