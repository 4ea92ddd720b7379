import { hash } from 'node:crypto'
import {
  checkNote,
  type Entry,
  grammar,
  ProofError,
  parseEntry,
  parseNote,
  type Verifier
} from '../../../proof/index.ts'
import { KeyRing } from '../../sealer/index.ts'
import type { Findings } from '../findings.ts'
import { placeOfSource, recordedOf, type Source } from '../source.ts'

/** An entry whose form and signature hold. */
export interface CheckedEntry {
  readonly entry: Entry
  readonly source: Source
}

export type EntryPlace = Pick<Source, 'index' | 'unsealed' | 'isOld'>

/** Checks entries one after the other: form, signature, role of the key, and the chain of their writer. */
export class EntryChecker {
  readonly #origin: string
  readonly #keys: KeyRing
  readonly #findings: Findings
  readonly #chains = new Map<string, { seq: number; digest: string }>()
  /** What keys have signed: one may be revoked later, from an earlier index on. */
  readonly #signed = new Map<string, { readonly key: Verifier; readonly sources: Source[] }>()

  constructor(origin: string, root: Verifier, findings: Findings) {
    this.#origin = origin
    this.#keys = new KeyRing(root)
    this.#findings = findings
  }

  /** @returns undefined where it is forged */
  take(bytes: Buffer, place: EntryPlace): CheckedEntry | undefined {
    try {
      const { entry, key } = this.#read(bytes, place.isOld)
      const source: Source = { ...place, kind: entry.kind, recorded: recordedOf(entry), isTrusted: true }
      if (key) this.#allow(key, source)
      this.#follow(entry, bytes, source)
      if (entry.kind === 'key' && source.isTrusted && !this.#keys.take(entry))
        this.#findings.report('KEY_NOT_ALLOWED', placeOfSource(source), 'it adds a key that was there before')
      return { entry, source }
    } catch (error) {
      if (!(error instanceof ProofError)) throw error
      this.#findings.report('ENTRY_FORGED', placeOfSource(place), error.message)
      return undefined
    }
  }

  /** After the last entry: what revoked keys have signed from the index of their revocation on. */
  finish(): void {
    for (const { key, sources } of this.#signed.values())
      for (const source of sources) if (source.isTrusted && !this.#maySign(key, source)) this.#refuse(source)
  }

  // With an older checkpoint the signatures of its entries were checked: only the keys that they add are needed.
  #read(bytes: Buffer, isOld: boolean): { readonly entry: Entry; readonly key: Verifier | undefined } {
    const text = bytes.toString()
    if (!Buffer.from(text).equals(bytes)) throw new ProofError('ENTRY_INVALID', 'the entry is no UTF-8')
    const note = parseNote(text)
    const entry = parseEntry(note.text)
    if (entry.origin !== this.#origin) throw new ProofError('ENTRY_INVALID', 'the entry is of another log')
    if (isOld && entry.kind !== 'key') return { entry, key: undefined }
    const signed = checkNote(note, this.#keys.verifiers)
    if (signed.length > 1) throw new ProofError('ENTRY_INVALID', 'several keys have signed the entry')
    return { entry, key: signed[0]?.key }
  }

  #maySign(key: Verifier, { kind, index }: Source): boolean {
    return this.#keys.allows(key, grammar[kind].role, index)
  }

  #allow(key: Verifier, source: Source): void {
    if (!this.#maySign(key, source)) this.#refuse(source)
    const known = this.#signed.get(key.vkey)
    if (known) known.sources.push(source)
    else this.#signed.set(key.vkey, { key, sources: [source] })
  }

  #refuse(source: Source): void {
    source.isTrusted = false
    this.#findings.report('KEY_NOT_ALLOWED', placeOfSource(source), `its key may not sign ${source.kind} there`)
  }

  #follow({ writer, seq, previous }: Entry, bytes: Buffer, source: Source): void {
    const before = this.#chains.get(writer)
    if (seq !== (before?.seq ?? -1) + 1 || previous !== (before?.digest ?? null))
      this.#findings.report(
        'CHAIN_BROKEN',
        placeOfSource(source),
        before
          ? `it is number ${seq} of its writer and should follow number ${before.seq}`
          : `it is number ${seq} of its writer, and none before it is there`
      )
    this.#chains.set(writer, { seq, digest: hash('sha256', bytes, 'base64') })
  }
}
