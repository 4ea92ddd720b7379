import type { Queries } from '../../postgres/index.ts'
import type { Signer } from '../../proof/index.ts'
import { keepWords, sayProved } from './entries.ts'
import { type EntryBody, EntryWriter, proverOf } from './prover.ts'

/** Who changes what is in the trail, and with which key that is signed where the trail is proved. */
export interface Signing {
  readonly signer: Signer | undefined
  /** `who@host`: kept with the reason, outside of the log. */
  readonly actor: string
  /** Of all topics and groups of the trail. */
  readonly topicPrefix: string
}

const unsigned: Signing = { signer: undefined, actor: '', topicPrefix: '' }

type WithoutWords<Body> = Body extends { readonly words: string } ? Omit<Body, 'words' | 'prefix'> : never

/** The entries of what an operator changes in one transaction. */
export class ChangeEntries {
  readonly #client: Queries
  readonly #writer: EntryWriter
  readonly #signing: Signing
  readonly #reason: string
  #words: string | undefined

  private constructor(client: Queries, writer: EntryWriter, signing: Signing, reason: string) {
    this.#client = client
    this.#writer = writer
    this.#signing = signing
    this.#reason = reason
  }

  /**
   * Begins them, before anything is changed.
   * @param client in a transaction, which may then store rows
   * @returns undefined where the trail is not proved
   * @throws TrailError `PROOF_KEY_MISSING`, `PROOF_KEY_REFUSED`; a database error
   */
  static async begin(client: Queries, signing: Signing = unsigned, reason: string): Promise<ChangeEntries | undefined> {
    const prover = await proverOf(client, signing.signer, 'operator')
    if (!prover) return undefined
    await sayProved(client)
    return new ChangeEntries(client, new EntryWriter(client, prover), signing, reason)
  }

  /** Adds an entry. Its reason, and who acts, are kept outside of the log. @returns its number in `proof_entries` */
  async add(body: WithoutWords<EntryBody>): Promise<number> {
    const { actor, topicPrefix: prefix } = this.#signing
    this.#words ??= await keepWords(this.#client, { actor, reason: this.#reason })
    return this.#writer.add({ ...body, prefix, words: this.#words } as EntryBody)
  }
}
