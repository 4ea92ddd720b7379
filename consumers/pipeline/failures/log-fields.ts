import { mostServerText, printable } from '../../../core/index.ts'
import { type Message, placeOf, type Run } from '../message.ts'
import { faultNames } from './faults.ts'
import { stackFrames } from './stack-frames.ts'

/**
 * What a log says of a failure: the place and the id of the event, the names of the fault and its causes, and where it
 * was thrown. Its message only where users said that it may be logged.
 */
export function logFieldsOf(
  message: Message,
  run: Run,
  thrown: unknown,
  { logMessages }: { readonly logMessages: boolean }
): object {
  const { envelope, attempt } = run
  const at = stackFrames(thrown)
  return {
    ...placeOf(message),
    ...(envelope && { eventId: envelope.id }),
    attempt,
    fault: faultNames(thrown),
    ...(at.length > 0 && { at }),
    ...(logMessages && thrown instanceof Error && { message: printable(String(thrown.message), mostServerText) })
  }
}
