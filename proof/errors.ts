import { type ErrorCodes, EventtrailError } from '../core/index.ts'

export const proofErrorCodes = {
  JSON_INVALID: { meaning: 'A text is no JSON that has a canonical form: docs/proof-format.md says what has one.' },
  ROW_INVALID: {
    meaning: 'Bytes are no row of the form that is hashed. A COPY of other columns, or in another order, gives this.'
  },
  NOTE_INVALID: {
    meaning:
      'A text is no signed note, a signature of a known key does not fit it, or no known key has signed it. Do not trust it.'
  },
  CHECKPOINT_INVALID: {
    meaning:
      'A checkpoint has another form, another log than the trusted ones has signed it, or witnesses are missing. Do not trust it.'
  },
  ENTRY_INVALID: {
    meaning: 'An entry of the log does not follow the grammar. The message names the line, never what is in it.'
  },
  PATH_INVALID: { meaning: 'A proof does not lead to the root that it has to lead to. Do not trust what it is about.' },
  TILE_INVALID: { meaning: 'A tile or a bundle of the log is missing hashes or entries, or has too many of them.' },
  KEY_INVALID: {
    misconfigured: true,
    meaning: 'A key is no ed25519 key in the form that is expected, or has a name that a key cannot have.'
  },
  TRUST_INVALID: {
    misconfigured: true,
    meaning: 'A trust policy cannot be read. The message names the line and what is expected there.'
  },
  STATEMENT_REFUSED: {
    meaning:
      'The database does not take statements, not even under an id that no one else can have: a trigger leaves them out.'
  }
} as const satisfies ErrorCodes
export type ProofErrorCode = keyof typeof proofErrorCodes

/** Something that proves the trail is not what it has to be. Messages name places, never values. */
export class ProofError extends EventtrailError<ProofErrorCode> {
  constructor(code: ProofErrorCode, message: string, cause?: unknown) {
    super(message, { code, ...proofErrorCodes[code], cause })
  }
}
