import { type EntryOf, parseVkey, type Verifier } from '../../../proof/index.ts'

/** A key that signs entries, as the log knows it. */
export interface KnownKey {
  readonly verifier: Verifier
  /** `root`, or what the entry that added it says. */
  readonly role: string
  /** The index from which on nothing that it signs counts. */
  revokedFrom: number
}

/** The keys of the log: that of `root` comes from the trust policy, all others from entries that it has signed. */
export class KeyRing {
  readonly #keys: KnownKey[]

  constructor(root: Verifier) {
    this.#keys = [{ verifier: root, role: 'root', revokedFrom: Number.POSITIVE_INFINITY }]
  }

  get verifiers(): readonly Verifier[] {
    return this.#keys.map(({ verifier }) => verifier)
  }

  of(verifier: Verifier): KnownKey | undefined {
    return this.#keys.find(key => key.verifier === verifier)
  }

  /** Keys that were revoked so far. */
  get revoked(): readonly KnownKey[] {
    return this.#keys.filter(({ revokedFrom }) => revokedFrom !== Number.POSITIVE_INFINITY)
  }

  /** Takes an entry that root has signed. @returns how many keys it adds that were there before, under whatever name */
  take({ add, revoke }: EntryOf<'key'>): number {
    let again = 0
    for (const { key, role } of add) {
      const verifier = parseVkey(key)
      if (this.#keys.some(known => known.verifier.publicKey.equals(verifier.publicKey))) again += 1
      else this.#keys.push({ verifier, role, revokedFrom: Number.POSITIVE_INFINITY })
    }
    for (const { key, index } of revoke)
      for (const known of this.#keys)
        if (known.verifier.vkey === key) known.revokedFrom = Math.min(index, known.revokedFrom)
    return again
  }
}
