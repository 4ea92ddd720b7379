import { KafkaError } from '../errors.ts'
import type { OAuthToken } from '../types/index.ts'

interface Signer {
  generateAuthToken(options: { readonly region: string }): Promise<{ readonly token: string }>
}

// A name that no compiler and no bundler resolves: the package is there for those who use Amazon MSK alone.
const peer: string = 'aws-msk-iam-sasl-signer-js'
/** ms; a signature of AWS for MSK holds for 900 s. */
const lifeMs = 900_000

/** Tokens for Amazon MSK, signed with the credentials that AWS's own library finds. */
export function fromMskIam(region: string): () => Promise<OAuthToken> {
  return async () => {
    let signer: Signer
    try {
      signer = (await import(peer)) as Signer
    } catch (cause) {
      throw new KafkaError(
        'KAFKA_TOKEN_UNAVAILABLE',
        `the login AWS_MSK_IAM needs the package ${peer}, which cannot be loaded: npm install ${peer}`,
        cause
      )
    }
    try {
      const { token } = await signer.generateAuthToken({ region })
      return { value: token, expiresInMs: lifeMs }
    } catch (cause) {
      throw new KafkaError(
        'KAFKA_TOKEN_UNAVAILABLE',
        'AWS gives no credentials for a token for MSK: check the role or the AWS_… variables of this process',
        cause
      )
    }
  }
}
