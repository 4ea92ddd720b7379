import { type Clock, describeError, type Logger, safeError } from '../../core/index.ts'
import type { NoteSignature, Trust } from '../../proof/index.ts'
import { AuditError } from '../errors.ts'
import { type Uncosigned, WitnessClient } from '../witness/index.ts'

interface Asked {
  readonly client: WitnessClient
  failingSince: number | undefined
  trouble: unknown
}

/** The witnesses of a trust policy that take checkpoints at a URL. */
export class Cosigners {
  readonly #trust: Trust
  readonly #log: Logger
  readonly #clock: Clock
  readonly #all: readonly Asked[]

  constructor(trust: Trust, log: Logger, clock: Clock) {
    this.#trust = trust
    this.#log = log
    this.#clock = clock
    this.#all = trust.witnesses.flatMap(key => {
      const url = trust.witnessUrls.get(key.vkey)
      return url === undefined
        ? []
        : [{ client: new WitnessClient(key, url), failingSince: undefined, trouble: undefined }]
    })
  }

  /** Witnesses that did not cosign the last time, and why. */
  get lagging(): readonly { readonly place: string; readonly why: string }[] {
    return this.#all.flatMap(({ client, trouble }) =>
      trouble === undefined ? [] : [{ place: client.name, why: describeError(trouble) }]
    )
  }

  /** s for which each has not cosigned, by its name. */
  get lags(): readonly { readonly place: string; readonly seconds: number }[] {
    const now = this.#clock.monotonic()
    return this.#all.map(({ client, failingSince }) => ({
      place: client.name,
      seconds: failingSince === undefined ? 0 : (now - failingSince) / 1_000
    }))
  }

  /**
   * Asks all of them at once. One that is away delays the checkpoint by seconds at most.
   * @throws AuditError `LOG_FORKED` where one has seen another log; `QUORUM_MISSING` where too few have cosigned
   */
  async cosign(checkpoint: Uncosigned): Promise<readonly NoteSignature[]> {
    const signatures = await Promise.all(this.#all.map(asked => this.#ask(asked, checkpoint)))
    const forked = this.#all.find(({ trouble }) => trouble instanceof AuditError && trouble.code === 'LOG_FORKED')
    if (forked) throw forked.trouble
    const signed = this.#all.filter((_, at) => signatures[at] !== undefined).map(({ client }) => client.key)
    if (this.#trust.hasQuorum(signed)) return signatures.filter(each => each !== undefined)
    const why = this.lagging.map(each => each.why).join('; ') || 'the trust policy has no URL for them'
    throw new AuditError(
      'QUORUM_MISSING',
      `Too few witnesses have cosigned the checkpoint of ${checkpoint.size} entries: ${why}`
    )
  }

  async #ask(asked: Asked, checkpoint: Uncosigned): Promise<NoteSignature | undefined> {
    try {
      const signature = await asked.client.cosign(checkpoint)
      asked.failingSince = undefined
      asked.trouble = undefined
      return signature
    } catch (error) {
      if (asked.trouble === undefined)
        this.#log.warn({ witness: asked.client.name, err: safeError(error) }, 'a witness did not cosign a checkpoint')
      asked.failingSince ??= this.#clock.monotonic()
      asked.trouble = error
      return undefined
    }
  }
}
