import { type EntryOf, parseVkey, type Verifier } from '../../proof/index.ts'

interface HeldKey extends Verifier {
  readonly role: string
  /** The index in the log from which on it signs no entries. */
  readonly revokedAt: number
}

/** The keys of a log, as the entries of the kind `key` add and revoke them; at first that of root alone. */
export class KeyRing {
  readonly #keys: HeldKey[]

  constructor(root: Verifier | readonly HeldKey[]) {
    this.#keys = 'vkey' in root ? [{ ...root, role: 'root', revokedAt: Number.POSITIVE_INFINITY }] : [...root]
  }

  /** One of its own with the same keys. */
  copy(): KeyRing {
    return new KeyRing(this.#keys)
  }

  get verifiers(): readonly Verifier[] {
    return this.#keys
  }

  /** Whether a key may sign entries of a role at an index of the log. */
  allows({ vkey }: Verifier, role: string, index: number): boolean {
    return this.#keys.some(key => key.vkey === vkey && key.role === role && index < key.revokedAt)
  }

  /**
   * Adds and revokes keys, as an entry says whose signature was checked.
   * @returns false, and changes nothing, where it adds a key that was there before
   */
  take({ add, revoke }: EntryOf<'key'>): boolean {
    const added: HeldKey[] = []
    for (const { key, role } of add) {
      const verifier = parseVkey(key)
      if ([...this.#keys, ...added].some(({ publicKey }) => publicKey.equals(verifier.publicKey))) return false
      added.push({ ...verifier, role, revokedAt: Number.POSITIVE_INFINITY })
    }
    this.#keys.push(...added)
    for (const { key, index } of revoke)
      for (const [at, held] of this.#keys.entries())
        if (held.vkey === key) this.#keys[at] = { ...held, revokedAt: Math.min(index, held.revokedAt) }
    return true
  }
}
