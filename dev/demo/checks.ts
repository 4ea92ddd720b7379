import type { Evidence } from './evidence.ts'
import type { Proof, Redrive } from './operate/index.ts'
import { type Check, count, counted, seconds } from './show/index.ts'
import type { Tally } from './tally.ts'

/** What became of the sink that was killed. */
export interface Kill {
  /** Rows that were stored when it was killed. */
  readonly stored: number
  /** Events that were published by then. */
  readonly published: number
  /** ms until its successor had stored more; undefined when there was nothing more to store. */
  readonly recoveredMs: number | undefined
}

export interface Outcome {
  readonly events: number
  readonly expected: Pick<
    Tally,
    'published' | 'mails' | 'letters' | 'badges' | 'tenths' | 'versions' | 'actors' | 'lessons' | 'favourite'
  >
  readonly found: Evidence
  readonly inbox: { readonly mails: number; readonly distinct: number }
  readonly hook: { readonly webhooks: number; readonly distinct: number }
  readonly kill: Kill | undefined
  /** Undefined where no event became a dead letter. */
  readonly redrive: Pick<Redrive, 'listed' | 'codes' | 'handled'> | undefined
  readonly proof: Omit<Proof, 'ms'>
}

/** Holds what was published against what was found. */
export function checksOf({ events, expected, found, inbox, hook, kill, redrive, proof }: Outcome): Check[] {
  const { ledger, sampled, search } = found
  const { topic, lessons } = expected.favourite
  return [
    {
      id: 'stored',
      promise: 'published = stored',
      ok: expected.published === events && found.rows === events,
      detail: `${count(expected.published)} = ${count(found.rows)}`
    },
    {
      id: 'once',
      promise: 'each event once',
      // A record may be in Kafka twice, after an answer that was lost; in the trail it may not.
      ok: found.distinct === found.rows,
      detail: `${counted(found.rows, 'row')}, ${counted(found.distinct, 'different event')}, ${counted(ledger.duplicates, 'repeated record')} left out`
    },
    {
      id: 'ledger',
      promise: 'the ledger has no holes',
      ok: ledger.holes === 0 && ledger.rows === found.rows && ledger.quarantined + ledger.unaccounted === 0,
      detail: `${counted(ledger.ranges, 'range')}, ${counted(ledger.holes, 'hole')}, ${count(ledger.rows)} rows, ${count(ledger.quarantined)} quarantined`
    },
    {
      id: 'kill',
      promise: 'a killed sink is replaced',
      ok: kill !== undefined,
      detail: kill ? killWords(kill) : 'the sink was not killed'
    },
    {
      id: 'versions',
      promise: 'versions side by side',
      ok: sameCounts(expected.versions, found.versions),
      detail: [...found.versions]
        .sort(([one], [other]) => one.localeCompare(other))
        .map(([version, rows]) => `${version.replace(/ (\d+)$/, ' v$1')}: ${count(rows)}`)
        .join(', ')
    },
    {
      id: 'who',
      promise: 'who did it',
      // Each event of the day comes with a request of its own.
      ok:
        found.who.complete === found.rows &&
        found.who.requests === found.rows &&
        sameCounts(expected.actors, found.who.actors),
      detail: `${counted(found.who.complete, 'row')} with source, actor and traceparent; ${counted(found.who.actors.size, 'actor')} of ${count(expected.actors.size)}, ${counted(found.who.requests, 'request')}`
    },
    {
      id: 'content',
      promise: 'stored as published',
      ok: sampled.compared > 0 && sampled.different === 0 && expected.tenths === found.tenths,
      detail: `${counted(sampled.compared, 'event')} compared field by field, ${count(sampled.different)} differ; marks add up to ${points(found.tenths)} of ${points(expected.tenths)}`
    },
    {
      id: 'search',
      promise: 'lessons are found',
      ok: found.documents === expected.lessons && search.hits === lessons && search.right === lessons,
      detail: `"${topic}" finds and marks ${count(search.right)} of ${count(lessons)}, the best is "${search.shown}"; ${count(found.documents)} of ${count(expected.lessons)} lessons indexed`
    },
    {
      id: 'letters',
      promise: 'dead letters come back',
      // Of all groups: one that gave up on anything else, or again, has more.
      ok:
        found.deadLetters === expected.letters &&
        (redrive?.listed ?? 0) === expected.letters &&
        (redrive?.handled ?? 0) === expected.letters,
      detail:
        redrive === undefined
          ? `${counted(found.deadLetters, 'dead letter')}: no event was about a student who gets mail`
          : `${counted(redrive.listed, 'event')} about a student who was enrolled late (${redrive.codes.join(', ')}), sent again, ${count(redrive.handled)} handled`
    },
    {
      id: 'mails',
      promise: 'mails arrive once',
      ok: inbox.mails === expected.mails && inbox.distinct === inbox.mails,
      detail: `${count(inbox.mails)} of ${count(expected.mails)}, ${count(inbox.distinct)} different`
    },
    {
      id: 'webhooks',
      promise: 'webhooks arrive once',
      // The receiver counts those alone whose signature is right.
      ok: hook.webhooks === expected.badges && hook.distinct === hook.webhooks,
      detail: `${count(hook.webhooks)} of ${count(expected.badges)} badges, all signed, ${count(hook.distinct)} different`
    },
    {
      id: 'proof',
      promise: 'the trail is proved',
      ok: proof.findings === 0 && proof.rows === found.rows,
      detail: `${counted(proof.rows, 'row')} recomputed, ${count(proof.entries)} signed entries, ${count(proof.sealed)} of them in the log; ${counted(proof.findings, 'finding')}`
    },
    {
      id: 'event',
      promise: 'one event is proved',
      // The last line of the verifier for auditors.
      ok: proof.event === 'verified' || (proof.event === undefined && kill?.recoveredMs === undefined),
      detail:
        proof.event === undefined
          ? 'none is in the log yet: the sink that was killed stored all of them'
          : `verify.mjs has its row, its path and the log, no database, and says: ${proof.event}`
    },
    {
      id: 'tampering',
      promise: 'a change is found',
      ok: proof.tampered.join() === 'ROWS_CHANGED' && proof.afterwards === 0,
      detail:
        proof.tampered.length > 0
          ? `a mark was changed in the database: ${proof.tampered.join(', ')} in ${proof.place}; put back: ${counted(proof.afterwards, 'finding')}`
          : 'a mark was changed in the database, and nothing was found'
    }
  ]
}

function killWords({ stored, published, recoveredMs }: Kill): string {
  const when = `killed at ${counted(stored, 'row')} with ${count(published)} acknowledged`
  return recoveredMs === undefined
    ? `${when}; nothing was left to store`
    : `${when}; the next rows came ${seconds(recoveredMs)} later`
}

const points = (tenths: number): string =>
  (tenths / 10).toLocaleString('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 })

function sameCounts(one: ReadonlyMap<string, number>, other: ReadonlyMap<string, number>): boolean {
  return one.size === other.size && [...one].every(([key, value]) => other.get(key) === value)
}
