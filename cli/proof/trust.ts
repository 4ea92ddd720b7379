import { readFileSync } from 'node:fs'
import { ConfigError } from '../../core/index.ts'
import { parseTrust, type Trust } from '../../proof/index.ts'

/**
 * Reads the file of a trust policy.
 * @throws ConfigError `CONFIG_INVALID` where it cannot be read; ProofError `TRUST_INVALID`
 */
export function readTrust(path: string): Trust {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new ConfigError(
      'CONFIG_INVALID',
      `PROOF_TRUST or --trust: the file of the trust policy cannot be read (${code})`
    )
  }
  return parseTrust(text)
}
