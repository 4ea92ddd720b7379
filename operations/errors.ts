import { type ErrorCodes, EventtrailError } from '../core/index.ts'

export const operationsErrorCodes = {
  NOT_RECORDED: {
    retryable: true,
    meaning:
      'An action of an operator could not be written to `operator_actions`, so nothing was done; or a disclosure to `disclosures`, so nothing was shown. The message says why; try again once it can be written.'
  },
  RESULT_NOT_RECORDED: {
    meaning:
      'An action was done, and its result could not be written to `operator_results`: `operator_log` shows it as interrupted. Or content was shown, and the end of it could not be written to `disclosures`: it counts as given in full.'
  },
  ACTION_LOST: {
    retryable: true,
    meaning:
      'Postgres lost the session that holds a running action, so the action stopped. It counts as interrupted; continue it by the same command.'
  },
  ACTION_RUNNING: {
    retryable: true,
    meaning:
      'Another process runs this action, or another one of the same group, at the moment. Wait until it has ended.'
  },
  GROUP_UNKNOWN: { misconfigured: true, meaning: 'Kafka has no such consumer group. Check `--group` and the prefix.' },
  GROUP_FOREIGN: {
    misconfigured: true,
    meaning:
      'The group is one of a sink or of another program: its members take no orders from `eventtrail groups`. The message names what moves it.'
  },
  SCOPE_UNKNOWN: { misconfigured: true, meaning: 'The group does not read that topic or partition.' },
  REWIND_INVALID: { misconfigured: true, meaning: 'An offset is one of a single partition: name topic and partition.' },
  REPLAY_INVALID: {
    misconfigured: true,
    meaning:
      'What the group has had cannot be replayed from the trail: its rows do not say which log they came from. The message says why, and from when on it can.'
  },
  REPLAY_BLOCKED: {
    misconfigured: true,
    meaning:
      'A replay of this group was interrupted and has to be finished first, or there is none to continue. The message has the command.'
  },
  REPLAY_OVERTAKEN: {
    misconfigured: true,
    meaning:
      'Retention has removed events from Kafka while those before them were replayed, so the rewind that ends the replay would leave a gap: it was not ordered. Make another replay.'
  },
  ORDERS_UNREADABLE: {
    misconfigured: true,
    meaning:
      'The orders to a group in the topic `eventtrail-control` cannot be read: a newer version of eventtrail or another program wrote them.'
  },
  ACTION_STOPPED: {
    retryable: true,
    meaning:
      'The command was interrupted between two steps of its work. It continues where it stopped when it is run again.'
  },
  PLAN_UNKNOWN: {
    misconfigured: true,
    meaning: 'There is no plan of that number for this group. `--dry-run` makes one and prints its number.'
  },
  PLAN_ENDED: {
    misconfigured: true,
    meaning: 'The plan was carried out already; nothing was done. Make another one for what is open now.'
  },
  PLAN_BLOCKED: {
    misconfigured: true,
    meaning:
      'Another redrive or discard of this group was interrupted and has to be finished first: its letters may be sent already. The message has the command.'
  },
  TOPIC_CHANGED: {
    misconfigured: true,
    meaning:
      'The dead-letter topic or the redrive topic of the group is missing, or was deleted and made again since the plan was made. The message says which; start the group, then make another plan.'
  },
  LETTER_REFUSED: {
    misconfigured: true,
    meaning:
      'The redrive topic does not take a letter for its size. Raise `max.message.bytes` of that topic to that of the dead-letter topic, then make another plan.'
  },
  LETTER_UNKNOWN: {
    misconfigured: true,
    meaning: 'The group has no dead letter at that offset. `eventtrail dead-letters list` lists them.'
  },
  MONTH_UNKNOWN: {
    misconfigured: true,
    meaning:
      'The trail has nothing of that month, or it is not written as 2026-11. `eventtrail retention list` lists the months.'
  },
  MONTH_KEPT: {
    misconfigured: true,
    meaning:
      'A month was not dropped: it does not add up, is under a hold, has other rows than the proof says, or sinks may still store events of it. The message has each reason.'
  },
  MONTH_CHANGED: {
    retryable: true,
    meaning:
      'The rows of a month are not those of its archive any more, so it was not dropped. The same command writes another archive.'
  },
  MONTH_LOCKED: {
    retryable: true,
    meaning:
      'A month was not dropped because other sessions hold locks on the trail, such as a long query or a backup. Run the same command again.'
  },
  HOLD_UNKNOWN: {
    misconfigured: true,
    meaning: 'There is no hold of that number, or it was released. `eventtrail retention list` lists the holds.'
  },
  ACTION_ENDED: {
    misconfigured: true,
    meaning: 'The action has ended and cannot be continued. `SELECT * FROM operator_log` shows what came of it.'
  }
} as const satisfies ErrorCodes
export type OperationsErrorCode = keyof typeof operationsErrorCodes

/** An operator's action was refused, or could not be recorded. */
export class OperationsError extends EventtrailError<OperationsErrorCode> {
  constructor(code: OperationsErrorCode, message: string, cause?: unknown) {
    const misconfigured = cause instanceof EventtrailError && cause.misconfigured
    super(message, { code, misconfigured, ...operationsErrorCodes[code], cause })
  }
}
