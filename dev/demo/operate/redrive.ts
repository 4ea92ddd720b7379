import { pause } from '../../../core/index.ts'
import type { Stage } from '../stage.ts'

/** What became of the events that the notifier gave up on. */
export interface Redrive {
  /** Dead letters of the notifier that were open, by `eventtrail dead-letters list`. */
  readonly listed: number
  /** Their codes. */
  readonly codes: readonly string[]
  /** Those that the notifier has handled after they were sent again. */
  readonly handled: number
  /** ms from the first command until the last mail was out. */
  readonly ms: number
}

/** ms for the mails of the letters to go out. */
const mailsMs = 30_000

/**
 * Lists the dead letters, enrols the student that they are about, and sends them again: as an operator does, with commands.
 * @throws DemoError `CHILD_FAILED`; the signal's reason when it aborts
 */
export async function redriveLetters(
  { crew, observer, enrolLate }: Stage,
  say: (line: string) => void,
  signal: AbortSignal
): Promise<Redrive> {
  const began = performance.now()
  const group = ['--group', 'notifier', '--json']
  const letters = await crew.ask('dead-letters', 'list', ...group, '--limit', '1000000')
  const codes = [...new Set(letters.map(({ code }) => String(code)))]
  say(`eventtrail dead-letters list --group notifier: ${letters.length} open, ${codes.join(', ')}`)
  await enrolLate()
  const reason = 'the student is enrolled now'
  const redrive = ['dead-letters', 'redrive', ...group, '--all', '--rate', '1000', '--reason', reason]
  const [outcome] = await crew.ask(...redrive)
  say(`eventtrail dead-letters redrive --group notifier --all --reason '${reason}': ${outcome?.handled} handled`)
  const deadline = performance.now() + mailsMs
  while ((await observer.figures()).pending > 0 && performance.now() < deadline) {
    crew.check()
    await pause(100, signal)
    signal.throwIfAborted()
  }
  return { listed: letters.length, codes, handled: Number(outcome?.handled ?? 0), ms: performance.now() - began }
}
