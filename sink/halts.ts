import type { HaltReason } from './position.ts'

/** Why a topic is stopped until `eventtrail sink resume`. */
export const tooManyBad = 'TOO_MANY_BAD'

export interface HaltExplained {
  /** What was found. */
  readonly words: string
  /** What to do about it. */
  readonly remedy: string
}

const remedy = 'Look, then `eventtrail sink reset`'
const halts: Readonly<Record<HaltReason | typeof tooManyBad, HaltExplained>> = {
  LOG_CUT_BACK: { words: 'the log ends before what is stored already: it was cut back or made anew', remedy },
  LOG_REPLACED: {
    words: 'the log is another one than the one that was read: the topic was made anew',
    remedy
  },
  TOO_MANY_BAD: {
    words: 'more than half of its latest records were bad',
    remedy:
      'Look at `eventtrail quarantine list`, mend the cause, then `eventtrail sink resume --event NAME` (without the prefix)'
  }
}

/** What `sink_offsets.halted` means; a reason of a newer version stands for itself. */
export function explainHalt(reason: string): HaltExplained {
  return Object.hasOwn(halts, reason) ? halts[reason as keyof typeof halts] : { words: reason, remedy }
}
