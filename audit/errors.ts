import { type ErrorCodes, EventtrailError } from '../core/index.ts'

export const auditErrorCodes = {
  STORE_UNAVAILABLE: {
    retryable: true,
    meaning:
      'A place of the log of the proof cannot be reached, read or written now, or has no room left. Nothing is lost: entries wait in the database, and a later checkpoint covers them.'
  },
  STORE_REFUSED: {
    misconfigured: true,
    meaning:
      'A place of the log of the proof does not exist, or does not let this user or this key in. The message has what the system or the server said.'
  },
  STORE_DIFFERS: {
    meaning:
      'A place of the log of the proof has another file under a name that is never written twice. Two logs write to it, or someone changed it: keep it as evidence, and compare it with the other places.'
  },
  STORE_MISSING: {
    meaning:
      'A place of the log of the proof lacks a file that it must have. The message names the file; another place may have it.'
  },
  KEY_FILE_REFUSED: {
    misconfigured: true,
    meaning:
      'The file of a key cannot be read or made, other users may read it, or it has another key than its name says. The message names the file and says what to do.'
  },
  PROOF_ON: {
    misconfigured: true,
    meaning:
      'The trail is proved already, under the name of another log or with other keys. A trail has one log for all of its time.'
  },
  EVENT_UNPROVED: {
    meaning:
      'No entry of the log accounts for an event as it is in the trail: it is not sealed yet, from before the proof, or was changed since. A verification of the trail says which.'
  },
  KEY_CHANGE_REFUSED: {
    misconfigured: true,
    meaning:
      'A key cannot be added or revoked as was asked: the root key is another one, the key is there or is not, or entries of it are not in the log yet. The message says which.'
  },
  PREFIX_MIXED: {
    misconfigured: true,
    meaning:
      'The trail has topics or groups that do not begin with the topic prefix. A trail that is proved has one prefix: give TOPIC_PREFIX as its sinks have it.'
  },
  PROOF_OFF: {
    misconfigured: true,
    meaning:
      'The trail is not proved, so that there is nothing to seal or to adopt. `eventtrail proof init` turns the proof on.'
  },
  LOG_KEY_REFUSED: {
    misconfigured: true,
    meaning:
      'The key does not sign for the log of this trail: it has another name than the log, or the trust policy has no line `log` with it.'
  },
  WITNESS_UNAVAILABLE: {
    retryable: true,
    meaning:
      'A witness cannot be reached, gives no answer in time, or gives one that no witness gives. Checkpoints without it are published as long as the quorum of the trust policy is there.'
  },
  WITNESS_REFUSED: {
    misconfigured: true,
    meaning: 'A witness does not know the log, or not its key. Give its operator the line `log` of the trust policy.'
  },
  TIMESTAMP_UNAVAILABLE: {
    retryable: true,
    meaning:
      'The time stamp authority (`--tsa`) cannot be reached or grants no stamp. Checkpoints are published without one; the newest is tried again.'
  },
  QUORUM_MISSING: {
    retryable: true,
    meaning:
      'Too few witnesses have cosigned the newest checkpoint, so it is not published. Entries are sealed meanwhile, and a later checkpoint covers them.'
  },
  LOG_FORKED: {
    meaning:
      'The database, a place of the log or a witness has another past than the log that was signed. Nothing is signed or recovered. Keep all of them: they are evidence.'
  },
  SEALER_RUNNING: {
    misconfigured: true,
    meaning:
      'A sealer works on the database at the moment. Stop `eventtrail proof checkpoint`, then run the command again.'
  },
  LOG_ROLLED_BACK: {
    meaning:
      'The database has fewer sealed entries than the log outside of it, or other ones; or a place of the log has an older checkpoint than the database. Nothing is signed. After a restore of the database run `eventtrail proof recover`; otherwise find out who put it back.'
  }
} as const satisfies ErrorCodes
export type AuditErrorCode = keyof typeof auditErrorCodes

/** The proof of a trail cannot be begun, written, sealed or checked as was asked. */
export class AuditError extends EventtrailError<AuditErrorCode> {
  constructor(code: AuditErrorCode, message: string, cause?: unknown) {
    super(message, { code, ...auditErrorCodes[code], cause })
  }
}
