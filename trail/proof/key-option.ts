import { type FileOrText, OptionsError, SecretUnreadable, textOf } from '../../core/index.ts'
import { ProofError, parseSigner, type Signer } from '../../proof/index.ts'

/**
 * The key of the option `proofKey`.
 * @param key the text of a file that `eventtrail proof init` makes, or the file
 * @throws OptionsError, which repeats nothing of the key
 */
export function signerIn(key: FileOrText | undefined): Signer | undefined {
  if (key === undefined) return undefined
  try {
    return parseSigner(textOf(key))
  } catch (error) {
    if (error instanceof SecretUnreadable) throw new OptionsError('proofKey', error.message)
    if (!(error instanceof ProofError)) throw error
    throw new OptionsError('proofKey', 'the text of a file that `eventtrail proof init` makes')
  }
}
