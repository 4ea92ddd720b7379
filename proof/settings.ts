import { asText, type Setting } from '../core/index.ts'

/** With what commands sign entries of the proof. */
export const proofSettings = {
  proofKeyFile: {
    env: 'PROOF_KEY_FILE',
    flag: '--proof-key <file>',
    help: 'file of the key that signs what is stored or changed, where the trail is proved; its owner alone may read it',
    parse: asText
  }
} as const satisfies Record<string, Setting<unknown>>
