import { isSourceName, sourceNameWords } from '../core/index.ts'

/** Who caused an event, besides its envelope: headers in Kafka, columns in the trail. */
export interface Who {
  /** Name of the service that published it. */
  readonly source?: string | undefined
  /** The person or service that caused it: an id, never a name or an e-mail address. */
  readonly actor?: string | undefined
  /** The request that caused it: a `traceparent` of W3C Trace Context, level 1. */
  readonly traceparent?: string | undefined
}

/** Names of the headers and of the columns, in the order of the columns. */
export const whoNames = ['source', 'actor', 'traceparent'] as const
export type WhoName = (typeof whoNames)[number]

/** What the value of a header may be. */
interface HeaderRule {
  readonly isValid: (value: string) => boolean
  /** In words. */
  readonly expected: string
}

const maxActorLength = 255
const actorShape = /^[\x21-\x3f\x41-\x7e]{1,255}$/
// Version ff is none, and ids of zeros alone are invalid (W3C Trace Context, section 3.2.2).
const traceparentShape = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

export const whoRules: Readonly<Record<WhoName, HeaderRule>> = {
  source: { isValid: isSourceName, expected: sourceNameWords },
  actor: {
    isValid: value => actorShape.test(value),
    expected: `an id of 1 to ${maxActorLength} printable ASCII characters without spaces and without "@"`
  },
  traceparent: { isValid: value => traceparentShape.test(value), expected: 'a W3C traceparent' }
}

export const tracestateRule: HeaderRule = {
  isValid: value => /^[\x20-\x7e]{1,512}$/.test(value),
  expected: 'a W3C tracestate of 1 to 512 printable ASCII characters'
}

/** Whether a text may be the value of that header, and be in that column of the trail. */
export const isWho = (name: WhoName, value: string): boolean => whoRules[name].isValid(value)

const instead = 'which the trail would keep: give the id of the account'

/** What to do instead, where a refused actor looks like personal data. Repeats nothing of it. */
export function actorHint(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  if (value.includes('@')) return `it looks like an e-mail address, ${instead}`
  return /[^\x21-\x7e]/.test(value) ? `it looks like the name of a person, ${instead}` : undefined
}
