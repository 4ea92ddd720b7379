import { printable } from '../printable.ts'

// One object with these may be handed to every part of a process, whether the part has use for each of them or not.
const shared = ['connection', 'catalogue', 'topicPrefix', 'log', 'meter']
const mostEdits = 2
const shortest = 4

/** What other libraries call an option, and the names that it may have here; none where there is no such option. */
const synonyms: Readonly<Record<string, readonly string[]>> = {
  ssl: ['tls'],
  prefix: ['topicPrefix'],
  logger: ['log'],
  metrics: ['meter'],
  uri: ['url'],
  urls: ['url'],
  host: ['brokers', 'url'],
  bootstrapservers: ['brokers'],
  user: ['username'],
  cert: ['certificate'],
  servername: ['serverName'],
  oauthbearerprovider: ['token'],
  groupid: ['group'],
  retries: ['retry'],
  timeout: ['timeoutMs'],
  maxrecords: ['batch'],
  lingerms: ['batch'],
  maxbytes: ['batch'],
  events: ['catalogue', 'eventNames'],
  clientid: []
}

interface UnknownOption {
  readonly name: string
  readonly expected: string
}

/**
 * The first name that is none of an option, in words for an error. For callers without types: passed over in silence,
 * `ssl` would have Kafka spoken to without TLS. Of an instance of a class only names that are near to one, or known for
 * one, are refused: what else it keeps is its own.
 * @param known names of the options that there are
 * @param isTop whether the names that all parts share are let pass
 */
export function unknownOption(given: object, known: readonly string[], isTop: boolean): UnknownOption | undefined {
  const passed = isTop ? [...known, ...shared] : known
  const isPlain = [Object.prototype, null].includes(Object.getPrototypeOf(given))
  for (const name of Object.keys(given)) {
    if (passed.includes(name)) continue
    const meant = meantBy(name, passed)
    if (meant === undefined && !isPlain && !Object.hasOwn(synonyms, plain(name))) continue
    const hint = meant === undefined ? `the options are ${known.join(', ')}` : `did you mean \`${meant}\`?`
    return { name: printable(name.slice(0, 80)), expected: `left out: there is no option of this name, ${hint}` }
  }
  return undefined
}

/**
 * The first name that looks like one of an option that is misspelt. What looks like no option is let pass: events are
 * published with what their callers keep with them.
 */
export function misspeltOption(given: object, known: readonly string[]): UnknownOption | undefined {
  for (const name of Object.keys(given)) {
    if (known.includes(name) || shared.includes(name)) continue
    const meant = nearest(name, [...known, ...shared])
    if (meant === undefined) continue
    return { name: printable(name), expected: `left out: there is no option of this name, did you mean \`${meant}\`?` }
  }
  return undefined
}

const meantBy = (name: string, known: readonly string[]): string | undefined =>
  (Object.hasOwn(synonyms, plain(name)) ? synonyms[plain(name)] : undefined)?.find(each => known.includes(each)) ??
  nearest(name, known)

function nearest(name: string, known: readonly string[]): string | undefined {
  if (name.length < shortest || name.length > 80) return undefined
  return known.find(each => each.length >= shortest && edits(plain(name), plain(each)) <= mostEdits)
}

const plain = (name: string): string => name.replaceAll(/[_-]/g, '').toLowerCase()

/** Letters to put in, take out or change until two names are the same (the Levenshtein distance). */
function edits(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (const [line, letter] of [...one].entries()) {
    const next = [line + 1]
    for (let at = 0; at < other.length; at += 1)
      next.push(Math.min((row[at] ?? 0) + Number(letter !== other[at]), (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1))
    row = next
  }
  return row.at(-1) ?? 0
}
