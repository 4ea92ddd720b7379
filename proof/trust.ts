import { ProofError } from './errors.ts'
import { parseVkey, signatureTypes, type Verifier } from './keys.ts'

/** Whom an auditor trusts: C2SP tlog-policy, and a line `root <vkey>` for the key that names all others. */
export interface Trust {
  readonly logs: readonly Verifier[]
  readonly witnesses: readonly Verifier[]
  /** Where witnesses take checkpoints, by their keys as text; those that the policy names without a URL are not here. */
  readonly witnessUrls: ReadonlyMap<string, string>
  /** The key that adds and revokes the keys of entries. */
  readonly root: Verifier
  /** Whether these have cosigned enough. */
  hasQuorum(keys: readonly Verifier[]): boolean
}

/** Whether what a name means has cosigned. */
type Rule = (keys: readonly Verifier[]) => boolean

/**
 * Reads a policy.
 * @throws ProofError `TRUST_INVALID`, with the number of the line
 */
export function parseTrust(text: string): Trust {
  const reader = new TrustReader()
  for (const [index, line] of text.split('\n').entries()) {
    const words = line.split(/[ \t]+/).filter(word => word !== '')
    if (words.length === 0 || words[0]?.startsWith('#')) continue
    try {
      reader.take(words)
    } catch (error) {
      if (error instanceof ProofError) throw atLine(index + 1, error.message)
      throw error
    }
  }
  return reader.finish()
}

const atLine = (line: number, message: string): ProofError =>
  new ProofError('TRUST_INVALID', `line ${line} of the trust policy: ${message}`)
const wrong = (message: string): ProofError => new ProofError('TRUST_INVALID', message)

class TrustReader {
  readonly #logs: Verifier[] = []
  readonly #witnesses: Verifier[] = []
  readonly #urls = new Map<string, string>()
  readonly #rules = new Map<string, Rule>([['none', () => true]])
  #root: Verifier | undefined
  #quorum: Rule | undefined

  take([keyword, ...words]: readonly string[]): void {
    const [name = '', second = '', url] = words
    switch (keyword) {
      case 'log':
        if (words.length !== 1 && words.length !== 2) throw wrong('expected `log <vkey> [<url>]`')
        this.#logs.push(fresh(name, signatureTypes.ed25519, this.#logs))
        return
      case 'witness': {
        if (words.length !== 2 && words.length !== 3) throw wrong('expected `witness <name> <vkey> [<url>]`')
        const witness = fresh(second, signatureTypes.cosignature, this.#witnesses)
        this.#witnesses.push(witness)
        if (url !== undefined) this.#urls.set(witness.vkey, url)
        this.#define(name, keys => keys.includes(witness))
        return
      }
      case 'group':
        this.#group(words)
        return
      case 'quorum':
        if (words.length !== 1 || this.#quorum) throw wrong('expected one `quorum <name>`')
        this.#quorum = this.#ruleOf(name)
        return
      case 'root':
        if (words.length !== 1 || this.#root) throw wrong('expected one `root <vkey>`')
        this.#root = fresh(name, signatureTypes.ed25519, [])
        return
      default:
        throw wrong('expected `log`, `witness`, `group`, `quorum` or `root`')
    }
  }

  finish(): Trust {
    const hasQuorum = this.#quorum
    if (!hasQuorum) throw wrong('the trust policy has no line `quorum`; without witnesses it is `quorum none`')
    if (!this.#root) throw wrong('the trust policy has no line `root`')
    return { logs: this.#logs, witnesses: this.#witnesses, witnessUrls: this.#urls, root: this.#root, hasQuorum }
  }

  #group([name = '', threshold = '', ...members]: readonly string[]): void {
    if (new Set(members).size !== members.length || members.includes('none'))
      throw wrong('a group names each of its members once, and never `none`')
    const rules = members.map(member => this.#ruleOf(member))
    const least = threshold === 'any' ? 1 : threshold === 'all' ? rules.length : Number(threshold)
    if (!/^(any|all|[1-9]\d{0,3})$/.test(threshold) || rules.length === 0 || least > rules.length)
      throw wrong('expected `group <name> all|any|<number> <member>…` with at least as many members')
    this.#define(name, keys => rules.filter(rule => rule(keys)).length >= least)
  }

  #define(name: string, rule: Rule): void {
    if (this.#rules.has(name)) throw wrong('a name is defined twice')
    this.#rules.set(name, rule)
  }

  #ruleOf(name: string): Rule {
    const rule = this.#rules.get(name)
    if (!rule) throw wrong('a name is used that no line before defines')
    return rule
  }
}

/** A key of the right kind that is not among the others: the same bytes twice are one key with two names. */
function fresh(vkey: string, type: number, others: readonly Verifier[]): Verifier {
  const key = parseVkey(vkey)
  if (key.type !== type) throw wrong('the key is of another kind of signature')
  if (others.some(({ publicKey }) => publicKey.equals(key.publicKey))) throw wrong('the key is there twice')
  return key
}
