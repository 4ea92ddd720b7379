import type { KafkaRecord } from '../../../kafka/index.ts'
import { causedBy, inContext } from '../../../schemas/index.ts'
import type { DeadLetterFacts, Part } from '../../dead-letters/index.ts'
import { RejectMessage } from '../../errors.ts'
import type { OnFailure } from '../../types.ts'
import { type ContextParts, contextOf, type Message, originOf, placeOf, type Run } from '../message.ts'
import { faultName, isOurs, judge } from './faults.ts'
import { logFieldsOf } from './log-fields.ts'
import { type PersistParts, persisted } from './persisted.ts'

export interface FinalFailureParts extends ContextParts, PersistParts {
  readonly onFailure: OnFailure | undefined
  /** Of the service, for the headers of dead letters. */
  readonly version: string | undefined
  /**
   * Resolves once all in-sync replicas of the dead-letter topic have the message, to what of it had to be left out.
   * `barest`: nothing but where it came from is written.
   */
  readonly sendDeadLetter: (
    message: KafkaRecord,
    facts: DeadLetterFacts,
    options: { readonly barest: boolean }
  ) => Promise<readonly Part[]>
  /** Whether the messages of errors may be logged. */
  readonly logMessages: boolean
}

/** Attempts with all of a message that may fail through a fault of this process before nothing but its place is written. */
const wholeAttempts = 3

/** Makes a dead letter of a message that failed for good. @returns false when it is another member's to do that */
export async function giveUp(message: Message, run: Run, thrown: unknown, parts: FinalFailureParts): Promise<boolean> {
  const { log } = parts
  const { source } = message
  if (source.isLost) return false
  if (run.isParked) run.attempt = 0
  else await callOnFailure(message, run, thrown, parts)
  const facts = factsOf(message, run, thrown, parts)
  const leftOut = await written(message, run, facts, parts)
  if (!leftOut) return false
  if (run.isParked) {
    log.debug({ ...placeOf(message) }, 'a message was parked: an earlier one of its aggregate is in the dead letters')
    return true
  }
  // A handler that turns an event down knows why; what cannot be read, or failed to the end, is for an operator.
  const level = run.envelope && judge(thrown) === 'give up' ? 'warn' : 'error'
  const fields = logFieldsOf(message, run, thrown, parts)
  const parks = facts.policy === 'park'
  log[level](
    { ...fields, code: facts.code, ...(leftOut.length > 0 && { leftOut }), ...(parks && { parks }) },
    'a message was dead-lettered'
  )
  return true
}

function factsOf(message: Message, run: Run, thrown: unknown, parts: FinalFailureParts): DeadLetterFacts {
  const { group, version, parking } = parts
  const { attempt, firstFailureAt } = run
  const firstFailure =
    message.redriven?.firstFailure ??
    (firstFailureAt === undefined ? undefined : new Date(firstFailureAt).toISOString())
  return {
    group,
    ...originOf(message),
    code: faultName(thrown),
    attempts: attempt,
    policy: parking?.()?.parks(message) ? 'park' : 'skip',
    firstFailure,
    version,
    // Of no other error: it may quote what the message carried.
    reason: thrown instanceof RejectMessage ? thrown.message : undefined,
    wasRead: run.isParked || run.envelope !== undefined
  }
}

async function callOnFailure(message: Message, run: Run, thrown: unknown, parts: FinalFailureParts): Promise<void> {
  const { onFailure } = parts
  if (!onFailure) return
  const context = contextOf(message, run, parts)
  const cause = run.envelope && causedBy(run.envelope, context.headers)
  try {
    await inContext(cause, onFailure, thrown, run.envelope, context)
  } catch (failure) {
    parts.log.error(logFieldsOf(message, run, failure, parts), 'onFailure failed; the message is dead-lettered anyway')
  }
}

/** @returns what had to be left out; undefined when the group ended before it was written */
function written(
  message: Message,
  run: Run,
  facts: DeadLetterFacts,
  parts: FinalFailureParts
): Promise<readonly Part[] | undefined> {
  let oursAlone = 0
  const words = 'a dead letter cannot be written; its partition waits'
  return persisted(message, run, parts, words, async () => {
    // What this member knew of the aggregate went with the partition.
    if (message.source.isLost) return undefined
    try {
      await parts.parking?.()?.beforeLetter(message, run.isParked ? 'park' : 'handle')
      if (message.source.isLost) return undefined
      return await parts.sendDeadLetter(message.record, facts, { barest: oursAlone >= wholeAttempts })
    } catch (thrown) {
      if (isOurs(thrown)) oursAlone += 1
      throw thrown
    }
  })
}
