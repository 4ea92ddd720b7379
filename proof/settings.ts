import { asText, type Setting } from '../core/index.ts'

/** What signs. */
export const proofSettings = {
  proofKeyFile: {
    env: 'PROOF_KEY_FILE',
    flag: '--proof-key <file>',
    help: 'file of the key that signs what is changed, where the trail is proved',
    parse: asText
  }
} as const satisfies Record<string, Setting<unknown>>
