/** What a verification can find: what each means, and what to do. */
export const findingCodes = {
  CHECKPOINT_INVALID: {
    meaning: 'The checkpoint has another form, is not there, or no trusted log has signed it.',
    action: 'Look whether `--store` and `--trust` are those of this trail; take the checkpoint of another place.'
  },
  QUORUM_MISSING: {
    meaning: 'Too few witnesses have cosigned the checkpoint.',
    action: 'Ask the witnesses for their checkpoint. The rest was verified.'
  },
  LOG_FORKED: {
    meaning: 'The log does not continue a checkpoint that it has signed before, or two places have different logs.',
    action: 'Someone has the key of the log and has written another past. Keep both checkpoints: they are the evidence.'
  },
  LOG_ROLLED_BACK: {
    meaning: 'The database, or a place of the log, has fewer entries than the log had.',
    action:
      'Where the database was restored from a backup, the missing entries have to be taken from the log. Otherwise they were deleted.'
  },
  ENTRY_MISSING: {
    meaning: 'Entries or hashes of the log are not those of the checkpoint, or the database lacks some of them.',
    action: 'Another place may have them. The file that is named was changed or removed.'
  },
  ENTRY_FORGED: {
    meaning:
      'An entry has another form, no known key or several have signed it, or the database has another text than the log.',
    action: 'Rows that it names are not proved. Find out who wrote it.'
  },
  KEY_NOT_ALLOWED: {
    meaning: 'An entry is signed by a key of another role or by a revoked one, or adds a key that was there before.',
    action: 'What it says is not believed. Look what the owner of the key did from that entry on.'
  },
  CHAIN_BROKEN: {
    meaning: 'An entry of a writer is missing, or follows another one than it says.',
    action: 'An entry was deleted or changed before it was sealed.'
  },
  OFFSETS_HOLE: {
    meaning: 'Offsets of a partition are in no statement, and those around them are.',
    action: 'The statements of these offsets, and perhaps their rows, were deleted before they were sealed.'
  },
  OFFSETS_OVERLAP: {
    meaning: 'Offsets of a partition are in two statements.',
    action: 'Two sinks stored the same offsets, or a key of a sink was misused.'
  },
  RESET_UNSIGNED: {
    meaning: 'A partition began again, and no operator has signed that.',
    action: 'Someone changed positions by hand, and not by `eventtrail sink reset`.'
  },
  LEDGER_DIFFERS: {
    meaning: 'The ledger or the position of a partition is not what the statements add up to.',
    action: 'Ledger or positions were changed by hand.'
  },
  LIST_CHANGED: {
    meaning: 'Lists of duplicates, quarantine or gaps are not what was recorded.',
    action: 'A line was changed, added or removed. Compare with a backup.'
  },
  KEPT_CHANGED: {
    meaning: 'The leaves that stay of rows that went are not those that were recorded.',
    action: '`proof_kept` was changed. Compare with a backup.'
  },
  ROWS_CHANGED: {
    meaning: 'Rows are not what was recorded.',
    action: 'Compare these offsets with a backup, with Kafka as long as it has them, or with an export.'
  },
  ROW_MISSING: {
    meaning: 'Rows that were recorded are gone, and no retention, redaction or loss says so.',
    action: 'Take them from a backup, or from Kafka as long as it has them.'
  },
  ROW_ADDED: {
    meaning: 'Rows are there that no statement has.',
    action: 'They were not stored by a sink or a bus with a key.'
  },
  ROW_TWICE: {
    meaning: 'An offset or an id has two rows.',
    action: 'One of them was added. The message of `ROWS_CHANGED` for the same stretch is about the other.'
  },
  RECORD_LEFT_OUT: {
    meaning: 'A statement says that offsets hold no event or were lost, and Kafka has records there.',
    action: 'The sink has left them out. Keep these records: Kafka deletes them in time.'
  },
  RECORD_UNACCOUNTED: {
    meaning: 'Records of Kafka are in no statement after the time that `proof watch` was given.',
    action: 'The sink or the sealer is stopped or lags, or the sink leaves them out. Ask its operator.'
  },
  RECORDED_AT_OUTSIDE: {
    meaning: 'The database says that rows were stored at another time than their statement does.',
    action: '`recorded_at` was changed.'
  }
} as const
export type FindingCode = keyof typeof findingCodes

/** Where something was found. */
export interface Place {
  /** With its prefix; of rows that no statement has, the name of the event. */
  readonly topic?: string
  readonly partition?: number
  /** Left out where it is the first. */
  readonly incarnation?: number
  readonly group?: string
  /** Offsets. */
  readonly first?: number
  readonly last?: number
  /** The index of an entry in the log. */
  readonly entry?: number
  /** The number in `proof_entries` of an entry that is not in the log yet. */
  readonly unsealed?: number
  /** The id of an event. */
  readonly event?: string
  /** A file of the log. */
  readonly file?: string
}

export interface Finding {
  readonly code: FindingCode
  readonly place: Place
  /** What is wrong there, without any value of a row. */
  words: string
}

/** Findings of a code that are kept; more are counted. */
const mostOfACode = 1_000

/** What was found so far. */
export class Findings {
  readonly #kept: Finding[] = []
  readonly #counts = new Map<FindingCode, number>()

  /** @returns it: more may be known later */
  report(code: FindingCode, place: Place, words: string): Finding {
    const finding = { code, place, words }
    const count = (this.#counts.get(code) ?? 0) + 1
    this.#counts.set(code, count)
    if (count <= mostOfACode) this.#kept.push(finding)
    return finding
  }

  /** How many of each code. */
  get counts(): ReadonlyMap<FindingCode, number> {
    return this.#counts
  }

  /** The first ones of each code, in the order in which they were found. */
  get kept(): readonly Finding[] {
    return this.#kept
  }
}

/** A place in words: `orders.placed/3, offsets 4711-5210 (entry 17204)`. */
export function placeWords({ topic, partition, incarnation, group, ...place }: Place): string {
  const { first, last, entry, unsealed, event, file } = place
  const parts = [
    ...(topic === undefined ? [] : [partition === undefined ? topic : `${topic}/${partition}`]),
    ...(incarnation === undefined || incarnation === 1 ? [] : [`incarnation ${incarnation}`]),
    ...(group === undefined ? [] : [`group ${group}`]),
    ...(first === undefined
      ? []
      : [last === undefined || last === first ? `offset ${first}` : `offsets ${first}-${last}`]),
    ...(event === undefined ? [] : [`event ${event}`]),
    ...(file === undefined ? [] : [file])
  ]
  const source =
    entry === undefined ? (unsealed === undefined ? '' : `number ${unsealed}, not sealed yet`) : `entry ${entry}`
  if (source === '') return parts.join(', ')
  return parts.length === 0 ? source : `${parts.join(', ')} (${source})`
}
