import { asList, asText, type Setting } from '../core/index.ts'

/** Where the log of the proof is, and who is trusted to sign it. */
export const auditSettings = {
  proofStore: {
    env: 'PROOF_STORE',
    flag: '--store <addresses>',
    help: 'places of the log of the proof, comma-separated: file:<folder>, s3://<bucket>/<prefix>, or kafka:<topic> for checkpoints alone. The first one counts, the others follow it',
    parse: asList
  },
  proofTrust: {
    env: 'PROOF_TRUST',
    flag: '--trust <file>',
    help: 'trust policy of the proof: whose signatures of the log and of its witnesses count',
    parse: asText
  }
} as const satisfies Record<string, Setting<unknown>>
