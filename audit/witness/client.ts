import http from 'node:http'
import https from 'node:https'
import { exchange, type Incoming, wholeNumberOf } from '../../core/index.ts'
import { checkNote, type NoteSignature, signatureIn, type Verifier } from '../../proof/index.ts'
import { AuditError } from '../errors.ts'
import { composeRequest } from './protocol.ts'

/** A checkpoint that has to be cosigned. */
export interface Uncosigned {
  readonly text: string
  readonly size: number
  /** Signed by the log. */
  readonly note: string
  /** The proof that this log continues the one of `old` entries. */
  readonly pathFrom: (old: number) => Promise<readonly Buffer[]>
}

const timeoutMs = 5_000
const mostAnswerBytes = 10_000

/** A witness as the log sees it: what it has cosigned last is remembered, and asked for where it is another. */
export class WitnessClient {
  readonly key: Verifier
  readonly #url: string
  readonly #agent: http.Agent
  #seen: number | undefined

  /** @param url to which `/add-checkpoint` is appended */
  constructor(key: Verifier, url: string) {
    this.key = key
    this.#url = `${url.replace(/\/+$/, '')}/add-checkpoint`
    this.#agent = url.startsWith('https:') ? new https.Agent() : new http.Agent()
  }

  get name(): string {
    return this.key.name
  }

  /**
   * Asks for the cosignature of a checkpoint.
   * @throws AuditError `WITNESS_UNAVAILABLE`; `WITNESS_REFUSED`; `LOG_FORKED` where the witness has seen another log
   */
  async cosign(checkpoint: Uncosigned): Promise<NoteSignature> {
    const answer = await this.#ask(checkpoint, this.#seen ?? 0)
    if (answer.status !== 409) return this.#signatureIn(answer, checkpoint)
    const seen = wholeNumberOf(answer.text.trim())
    if (seen === undefined) throw this.#unavailable('it answers 409 without the size that it has seen')
    if (seen > checkpoint.size) throw this.#forked(`it has seen ${seen} entries, and the log has ${checkpoint.size}`)
    this.#seen = seen
    const again = await this.#ask(checkpoint, seen)
    if (again.status === 409 && seen === checkpoint.size) throw this.#forked('it has seen another root of this size')
    return this.#signatureIn(again, checkpoint)
  }

  async #ask({ note, pathFrom }: Uncosigned, old: number): Promise<Incoming> {
    const body = composeRequest({ old, note, path: await pathFrom(old) })
    try {
      return await exchange({
        ...{ method: 'POST', url: this.#url, headers: { 'content-type': 'text/plain; charset=utf-8' }, body },
        ...{ agent: this.#agent, timeoutMs, maxBytes: mostAnswerBytes }
      })
    } catch (cause) {
      throw this.#unavailable('it cannot be reached, or gives no answer', cause)
    }
  }

  #signatureIn({ status, text }: Incoming, { text: signed, size }: Uncosigned): NoteSignature {
    if (status === 403 || status === 404)
      throw new AuditError('WITNESS_REFUSED', `The witness ${this.name} does not know the log or its key (${status})`)
    if (status === 422) throw this.#forked('the log does not continue what it has seen')
    if (status !== 200) throw this.#unavailable(`it answers ${status}`)
    try {
      const lines = text.split('\n').filter(line => line !== '')
      const own = lines.map(signatureIn).find(({ name, keyId }) => name === this.name && keyId === this.key.keyId)
      if (!own) throw this.#unavailable('it answers without a signature of its key')
      checkNote({ text: signed, signatures: [own] }, [this.key])
      this.#seen = size
      return own
    } catch (cause) {
      if (cause instanceof AuditError) throw cause
      throw this.#unavailable('its signature does not fit the checkpoint', cause)
    }
  }

  #unavailable(why: string, cause?: unknown): AuditError {
    return new AuditError('WITNESS_UNAVAILABLE', `The witness ${this.name} did not cosign: ${why}`, cause)
  }

  #forked(why: string): AuditError {
    return new AuditError('LOG_FORKED', `The witness ${this.name} refuses the log: ${why}. Nothing is published`)
  }
}
