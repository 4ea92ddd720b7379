import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Crew } from './children.ts'

const origin = 'school.example/trail'

/** Where the keys of the proof and its log are: on this machine, and gone when the demo ends. */
export class ProofFiles {
  readonly #folder = mkdtempSync(join(tmpdir(), 'eventtrail-demo-proof-'))

  constructor() {
    mkdirSync(join(this.#folder, 'log'))
  }

  /** The file of a key: `sink-1`, `log`. */
  key = (name: string): string => join(this.#folder, 'keys', `${name}.key`)

  /** Whom an auditor trusts. */
  get trust(): string {
    return join(this.#folder, 'keys', 'trust.txt')
  }

  /** Flag of the commands that read the log. */
  get store(): readonly string[] {
    return ['--store', `file:${join(this.#folder, 'log')}`]
  }

  /** Flags of the commands that seal or verify the log. */
  get flags(): readonly string[] {
    return [...this.store, '--trust', this.trust]
  }

  /** The proof of one event, once it is written. */
  get eventProof(): string {
    return join(this.#folder, 'quiz.eventproof')
  }

  /** Makes the keys, and turns the proof on: before the first sink starts. @throws DemoError `CHILD_FAILED` */
  begin = (crew: Crew): Promise<void> =>
    crew.run('proof', 'init', '--origin', origin, '--keys', join(this.#folder, 'keys'))

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
