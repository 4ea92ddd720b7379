#!/usr/bin/env node
// Verifies proofs of eventtrail. One file, without other code: an auditor can read it, and run it without network.
// It is written from docs/proof-format.md, whose sections its own follow; docs/auditor.md says how to use it.
//
//   node verify.mjs FOLDER --trust trust.txt [--kept checkpoint]   a bundle: log, lists and rows of a trail
//   node verify.mjs FILE.eventproof --trust trust.txt              the proof of one event
//   node verify.mjs CHECKPOINT --trust trust.txt                   the signatures of a checkpoint
//
// vectors.mjs holds this file against the vectors of the format. --kept: a checkpoint of an earlier day, which the log of the bundle has to continue.
// Exit codes: 0 verified, 1 findings, 2 called in a wrong way, 3 a file cannot be read.
import { createPublicKey, hash, verify } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'

/** Something that is not as it has to be, with a code and its place. */
class Finding extends Error {
  constructor(code, message) {
    super(message)
    this.code = code
  }
}
const fail = (code, message) => {
  throw new Finding(code, message)
}

const sha256 = (...parts) => hash('sha256', Buffer.concat(parts.map(part => Buffer.from(part))), 'buffer')
const base64 = bytes => Buffer.from(bytes).toString('base64')
/** Bytes of base64 in its one form; undefined for another one. */
function bytesOf(text) {
  const bytes = Buffer.from(text, 'base64')
  return base64(bytes) === text ? bytes : undefined
}

/** Bytes of UTF-8 as text: others would be read as U+FFFD. */
function textOf(bytes) {
  const text = bytes.toString()
  return Buffer.from(text).equals(bytes) ? text : fail('NOTE_INVALID', 'a note is no UTF-8')
}

// --- Rows and leaves

const copyHead = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')

/** The rows of a file of binary COPY: of eleven columns, or of twelve, the last of which is recorded_at. */
function* rowsIn(file) {
  const wrong = () => fail('FILE_UNREADABLE', 'a file of rows is no binary COPY of the columns of a row')
  if (!file.subarray(0, copyHead.length).equals(copyHead)) wrong()
  for (let at = copyHead.length; ; ) {
    if (at + 2 > file.length) wrong()
    const columns = file.readInt16BE(at)
    if (columns === -1) return
    if (columns !== 11 && columns !== 12) wrong()
    const start = at
    at += 2
    const values = []
    let end = at
    for (let column = 0; column < columns; column += 1) {
      if (at + 4 > file.length) wrong()
      const length = file.readInt32BE(at)
      at += 4
      if (length < -1 || at + Math.max(0, length) > file.length) wrong()
      values.push(length === -1 ? null : file.subarray(at, at + length))
      at += Math.max(0, length)
      if (column === 10) end = at
    }
    // A row of form 1 begins with its eleven columns, whatever follows in the file.
    yield rowOf(values, sha256(Buffer.of(0, 11), file.subarray(start + 2, end)))
  }
}

// Bytes of each column; 0 where its length varies.
const widths = [16, 16, 8, 0, 0, 2, 0, 0, 0, 4, 8, 8]
const [infinity, noInfinity] = [2n ** 63n - 1n, -(2n ** 63n)]

/** A row; with `fault` where it has values that no row of a trail has. */
function rowOf(values, leaf) {
  const [id, , occurred, name, payload, version, , , , partition, offset, recorded] = values
  const isWrong = (value, column) =>
    value === null ? column < 6 || column === 11 : widths[column] > 0 && value.length !== widths[column]
  const place = values.findIndex(isWrong)
  if (place >= 0) return { fault: `column ${place + 1} is null or has another length` }
  const at = offset === null ? null : Number(offset.readBigInt64BE())
  const row = {
    values,
    leaf,
    id: uuidOf(id),
    eventName: name.toString(),
    occurred: occurred.readBigInt64BE(),
    partition: partition?.readInt32BE() ?? null,
    offset: at,
    recorded: recorded ? Number(recorded.readBigInt64BE() + epoch) : null,
    isBlank: payload.toString('utf8', 1) === '{}'
  }
  const fault = [
    [payload[0] !== 1, 'the payload has another version'],
    [(partition === null) !== (offset === null), 'it has a partition or an offset, and not both'],
    [row.partition < 0 || at < 0 || version.readInt16BE() < 0, 'a number is negative'],
    [at > Number.MAX_SAFE_INTEGER, 'its offset is too large'],
    [row.occurred === infinity || row.occurred === noInfinity, 'its time is infinite']
  ].find(([holds]) => holds)
  return fault ? { ...row, fault: fault[1] } : row
}

const uuidOf = bytes => bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')

// PostgreSQL counts microseconds from 2000-01-01.
const epoch = 946_684_800_000_000n
/** Microseconds since 1970 of a time as entries have it. */
const microsOf = time => Date.parse(`${time.slice(0, 19)}Z`) * 1_000 + Number(time.slice(20, 26))

// --- The tree of a stretch

function stretchRoot(leaves) {
  let level = leaves
  while (level.length > 1) {
    const above = []
    for (let at = 0; at < level.length; at += 16) {
      const group = level.slice(at, at + 16)
      above.push(group.length === 1 ? group[0] : sha256(Buffer.of(1), ...group))
    }
    level = above
  }
  return level[0]
}

function rootOfPath(leaf, index, rows, path) {
  const steps = [...path]
  const wrong = () => fail('PATH_INVALID', 'a path has another shape')
  let [current, at, count] = [leaf, index, rows]
  while (count > 1) {
    const place = at % 16
    const size = Math.min(16, count - (at - place))
    if (size > 1) {
      const step = steps.shift() ?? wrong()
      if (step.place !== place || step.others.length !== size - 1) wrong()
      const others = step.others.map(bytesOf)
      current = sha256(Buffer.of(1), ...others.slice(0, place), current, ...others.slice(place))
    }
    count = Math.ceil(count / 16)
    at = Math.floor(at / 16)
  }
  return steps.length === 0 ? current : wrong()
}

// --- The log (RFC 6962 and RFC 9162)

const entryHash = entry => sha256(Buffer.of(0), entry)
const nodeHash = (left, right) => sha256(Buffer.of(1), left, right)

function logRoot(hashes) {
  if (hashes.length === 0) return sha256()
  if (hashes.length === 1) return hashes[0]
  let split = 1
  while (split * 2 < hashes.length) split *= 2
  return nodeHash(logRoot(hashes.slice(0, split)), logRoot(hashes.slice(split)))
}

const half = number => Math.floor(number / 2)

function includes(leaf, index, size, root, path) {
  let [at, last, current] = [index, size - 1, leaf]
  for (const step of path) {
    if (last === 0) return false
    if (at % 2 === 1 || at === last) {
      current = nodeHash(step, current)
      while (at % 2 === 0 && at > 0) [at, last] = [half(at), half(last)]
    } else current = nodeHash(current, step)
    ;[at, last] = [half(at), half(last)]
  }
  return last === 0 && current.equals(root)
}

function continues(older, newer, path) {
  if (older.size === 0) return path.length === 0
  if (older.size === newer.size) return path.length === 0 && older.root.equals(newer.root)
  let [at, last] = [older.size - 1, newer.size - 1]
  while (at % 2 === 1) [at, last] = [half(at), half(last)]
  const [first, ...steps] = at === 0 ? [older.root, ...path] : path
  let [was, is] = [first, first]
  for (const step of steps) {
    if (last === 0) return false
    if (at % 2 === 1 || at === last) {
      was = nodeHash(step, was)
      is = nodeHash(step, is)
      while (at % 2 === 0 && at > 0) [at, last] = [half(at), half(last)]
    } else is = nodeHash(is, step)
    ;[at, last] = [half(at), half(last)]
  }
  return last === 0 && was.equals(older.root) && is.equals(newer.root)
}

// --- Keys and notes

const isKeyName = name => /^[^\s\p{White_Space}\p{Cc}+]+$/u.test(name)

function keyOf(text) {
  const wrong = () => fail('KEY_INVALID', 'a key has another form')
  const [, name = '', id = '', encoded = ''] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text) ?? []
  const typed = bytesOf(encoded) ?? wrong()
  if (!isKeyName(name) || typed.length !== 33 || (typed[0] !== 1 && typed[0] !== 4)) wrong()
  if (sha256(`${name}\n`, typed).toString('hex', 0, 4) !== id) wrong()
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), typed.subarray(1)])
  return { text, name, id, type: typed[0], publicKey: createPublicKey({ key: der, format: 'der', type: 'spki' }) }
}

function parseNote(note) {
  const wrong = () => fail('NOTE_INVALID', 'a text is no signed note')
  const split = note.lastIndexOf('\n\n')
  if (Buffer.byteLength(note) > 1_000_000 || !note.isWellFormed() || split < 0 || !note.endsWith('\n')) wrong()
  if ([...note].some(letter => letter < ' ' && letter !== '\n')) wrong()
  const lines = note.slice(split + 2, -1).split('\n')
  if (lines.length > 100) wrong()
  const signatures = lines.map(line => {
    const [, name = '', encoded = ''] = /^— (\S+) (\S+)$/u.exec(line) ?? []
    const bytes = bytesOf(encoded)
    if (!isKeyName(name) || !bytes || bytes.length < 5) wrong()
    return { name, id: bytes.toString('hex', 0, 4), signature: bytes.subarray(4) }
  })
  return { text: note.slice(0, split + 1), signatures }
}

/** The keys of these that have signed the note. */
function signersOf({ text, signatures }, keys) {
  const found = new Set()
  for (const { name, id, signature } of signatures) {
    const key = keys.find(each => each.name === name && each.id === id)
    if (!key) continue
    const timed = key.type === 4
    if (timed && signature.length !== 72) fail('NOTE_INVALID', 'a cosignature has another length')
    const message = timed ? `cosignature/v1\ntime ${signature.readBigUInt64BE()}\n${text}` : text
    if (!verify(null, Buffer.from(message), key.publicKey, timed ? signature.subarray(8) : signature))
      fail('NOTE_INVALID', 'the signature of a known key does not fit')
    found.add(key)
  }
  return found.size > 0 ? [...found] : fail('NOTE_INVALID', 'no known key has signed')
}

// --- The trust policy, and checkpoints

function parseTrust(text) {
  const trust = { logs: [], witnesses: [], root: undefined, quorum: undefined }
  const rules = new Map([['none', () => true]])
  const wrong = () => fail('TRUST_INVALID', 'a line of the trust policy has another form')
  const ruleOf = name => rules.get(name) ?? wrong()
  const define = (name, rule) => (rules.has(name) ? wrong() : rules.set(name, rule))
  const keyAs = (vkey, type, others) => {
    const key = keyOf(vkey)
    return key.type === type && !others.some(each => each.publicKey.equals(key.publicKey)) ? key : wrong()
  }
  for (const line of text.split('\n')) {
    const parts = line.split(/[ \t]+/).filter(word => word !== '')
    const [keyword, name = '', second = '', ...members] = parts
    if (keyword === undefined || keyword.startsWith('#')) continue
    // A log and a witness may have a URL at the end.
    const most = { log: 3, root: 2, quorum: 2, witness: 4, group: Number.POSITIVE_INFINITY }[keyword] ?? 0
    if (parts.length > most) wrong()
    if (keyword === 'log') trust.logs.push(keyAs(name, 1, trust.logs))
    else if (keyword === 'root' && !trust.root) trust.root = keyAs(name, 1, [])
    else if (keyword === 'quorum' && !trust.quorum) trust.quorum = ruleOf(name)
    else if (keyword === 'witness') {
      const key = keyAs(second, 4, trust.witnesses)
      trust.witnesses.push(key)
      define(name, keys => keys.includes(key))
    } else if (keyword === 'group') {
      const each = members.map(ruleOf)
      const least = second === 'any' ? 1 : second === 'all' ? each.length : Number(second)
      if (!/^(any|all|[1-9]\d*)$/.test(second) || !(least >= 1 && least <= each.length)) wrong()
      if (members.includes('none')) wrong()
      if (new Set(members).size !== members.length) wrong()
      define(name, keys => each.filter(rule => rule(keys)).length >= least)
    } else wrong()
  }
  return trust.quorum && trust.root ? trust : wrong()
}

function checkCheckpoint(note, trust) {
  const parsed = parseNote(note)
  const lines = parsed.text.split('\n')
  const [origin, size, encoded] = lines
  const root = bytesOf(encoded ?? '')
  const shaped = lines.length >= 4 && !lines.slice(0, -1).includes('') && root?.length === 32
  if (!shaped || !/^(0|[1-9]\d*)$/.test(size) || Number(size) > 2 ** 53 - 1)
    fail('CHECKPOINT_INVALID', 'the checkpoint has another form')
  const signed = signersOf(parsed, [...trust.logs, ...trust.witnesses])
  if (!signed.some(key => trust.logs.includes(key) && key.name === origin))
    fail('CHECKPOINT_INVALID', 'no trusted log of this name has signed the checkpoint')
  if (!trust.quorum(signed)) fail('QUORUM_MISSING', 'too few witnesses have cosigned the checkpoint')
  return { origin, size: Number(size), root, signed }
}

// --- Entries. Of each kind the role of its key, and its lines: a name, `+` for one or more, `*` for any number; then words,
// `!` for those it is sorted by.

const place = 'topic:name! partition:count! incarnation:count!'
const at = place.replaceAll('!', '')
const counted = 'rows:count duplicates:count quarantined:count skipped:count lost:count'
const span = 'recorded first:time last:time | clock first:time last:time'
const moment = 'recorded time | clock time'
const stream = 'group text | prefix text'
const salted = `privacy | ${moment} | number count | row hash`
const kinds = {
  batch: `sink | ${span} | ${stream} | form count | stretch+ ${place} first:count! last:count ${counted} root:hash? aside:hash?`,
  bus: `bus | ${span} | form count | root hash | id+ id!`,
  retry: `operator | ${moment} | ${stream} | form count | record ${at} offset:count | event uuid | leaf hash | words hash`,
  resolution: `operator | ${moment} | ${stream} | record ${at} first:count last:count | status resolution | words hash`,
  reset: `operator | ${moment} | ${stream} | reset+ ${place} from:count to:count | words hash`,
  adopted: `operator | ${moment} | ${stream} | form count | block* event:name! partition:count! first:count! last:count rows:count root:hash | bus* first:uuid! last:uuid rows:count root:hash | position* ${place} next:count`,
  retention: `operator | ${moment} | month month | bounds from:time to:time | rows count | dropped* ${place} rows:count first:count last:count | kept leaves:count digest:hash? | words hash`,
  redaction: `privacy | ${moment} | event uuid | leaf hash | basis name | words hash`,
  erasure: `privacy | ${moment} | number uuid | state erasure | epoch count | basis name | words hash | key* uuid!`,
  kek: `privacy | ${moment} | epoch count | destroyed time`,
  hold: salted,
  release: salted,
  disclosure: salted,
  restored: `operator | ${moment} | entries had:count of:count | words hash`,
  loss: `operator | ${moment} | ${stream} | lost+ ${place} first:count! last:count | words hash`,
  key: `root | ${moment} | add* key:vkey! role:role | revoke* key:vkey! index:count`
}

const one = pattern => word => (pattern.test(word) ? word : undefined)
const orUndefined = read => word => {
  try {
    return read(word)
  } catch {
    return undefined
  }
}
const words = {
  count: word => (/^(0|[1-9]\d{0,15})$/.test(word) && Number(word) <= 2 ** 53 - 1 ? Number(word) : undefined),
  hash: word => (bytesOf(word)?.length === 32 ? word : undefined),
  'hash?': word => (word === '-' ? null : words.hash(word)),
  name: one(/^[!-~]+$/),
  keyName: word => (isKeyName(word) ? word : undefined),
  uuid: one(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
  id: word =>
    /^[\w-]{22}$/.test(word) && Buffer.from(word, 'base64url').toString('base64url') === word ? word : undefined,
  time: orUndefined(word => {
    const [, millis] = /^((?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})\d{3}Z$/.exec(word)
    return new Date(`${millis}Z`).toISOString() === `${millis}Z` ? word : undefined
  }),
  month: one(/^(?!0000)\d{4}-(0[1-9]|1[0-2])$/),
  text: orUndefined(word => {
    const value = JSON.parse(word)
    const isText = typeof value === 'string' && value.isWellFormed() && !value.includes('\0')
    return isText && JSON.stringify(value) === word ? value : undefined
  }),
  vkey: orUndefined(word => (keyOf(word).type === 1 ? word : undefined)),
  role: one(/^(sink|bus|operator|privacy|log)$/),
  resolution: one(/^(duplicate|discarded)$/),
  erasure: one(/^(refused|done)$/)
}

function parseEntry(text) {
  const wrong = () => fail('ENTRY_INVALID', 'an entry does not follow the grammar')
  if (!text.endsWith('\n') || Buffer.byteLength(text) > 60_000) wrong()
  const lines = text.slice(0, -1).split('\n')
  const [, kind] = /^eventtrail\/([a-z]+)@v1$/.exec(lines.shift()) ?? []
  if (!Object.hasOwn(kinds, kind ?? '')) wrong()
  const [role, ...rules] = kinds[kind].split(' | ')
  const entry = { kind, role }
  for (const rule of ['origin keyName', 'writer uuid:uuid seq:count', 'previous hash?', ...rules]) {
    const [head, ...fields] = rule.split(' ')
    const name = head.replace(/[+*]$/, '')
    const found = []
    let before
    while (lines[0]?.startsWith(`${name} `) && (head !== name || found.length === 0)) {
      const rest = lines.shift().slice(name.length + 1)
      const parts = fields.length === 1 ? [rest] : rest.split(' ')
      if (parts.length !== fields.length) wrong()
      const values = fields.map(
        (field, index) =>
          words[field.replace('!', '').split(':').at(-1)](parts[index]) ?? none(parts[index], field, wrong)
      )
      const sorted = values.filter((_, index) => fields[index].endsWith('!'))
      if (before && compare(before, sorted) >= 0) wrong()
      before = sorted
      found.push(
        fields.length === 1
          ? values[0]
          : Object.fromEntries(fields.map((field, index) => [field.split(':')[0], values[index]]))
      )
    }
    if (found.length === 0 && !head.endsWith('*')) wrong()
    entry[name] = head === name ? found[0] : found
  }
  if (lines.length > 0 || !holds(entry)) wrong()
  return entry
}

// The only word that is null is `-` where there is no hash.
const none = (word, field, wrong) => (word === '-' && field.endsWith('?') ? null : wrong())

function compare(some, others) {
  for (const [index, value] of some.entries()) {
    const other = others[index]
    const difference = typeof value === 'number' ? value - other : Buffer.from(value).compare(Buffer.from(other))
    if (difference !== 0) return difference
  }
  return 0
}

/** What must hold beyond the form. */
function holds(entry) {
  if ((entry.writer.seq === 0) !== (entry.previous === null) || (entry.form ?? 1) !== 1) return false
  // Wherever a line has these words: times, stretches, records, blocks, and what was dropped or lost.
  for (const each of Object.values(entry).flat()) if (each?.first > each?.last || each?.incarnation === 0) return false
  if (entry.kind === 'batch')
    return entry.stretch.every((each, index) => {
      const { first, last, rows, duplicates, quarantined, skipped, lost, root, aside } = each
      const next = entry.stretch[index + 1]
      const same =
        next && next.topic === each.topic && next.partition === each.partition && next.incarnation === each.incarnation
      return (
        rows + duplicates + quarantined + skipped + lost === last - first + 1 &&
        (rows === 0) === (root === null) &&
        (duplicates + quarantined + lost === 0) === (aside === null) &&
        !(same && next.first <= last)
      )
    })
  if (entry.kind === 'adopted')
    return (
      entry.block.every(({ first, last, rows }) => rows > 0 && rows <= last - first + 1) &&
      entry.bus.every(({ rows }) => rows > 0)
    )
  if (entry.kind === 'retention') {
    const { month, bounds, kept } = entry
    const [from, to] = boundsOf(month)
    return bounds.from === from && bounds.to === to && (kept.leaves === 0) === (kept.digest === null)
  }
  if (entry.kind === 'restored') return entry.entries.had <= entry.entries.of
  if (entry.kind === 'key')
    return (
      entry.add.length + entry.revoke.length > 0 &&
      entry.add.every(({ key, role }) => suits(keyOf(key).name, role, entry.origin))
    )
  return true
}

/** The first moment of a month, and the first after it. */
function boundsOf(text) {
  const [year, month] = text.split('-').map(Number)
  const startOf = (inYear, number) =>
    `${String(inYear).padStart(4, '0')}-${String(number).padStart(2, '0')}-01T00:00:00.000000Z`
  return [startOf(year, month), month === 12 ? startOf(year + 1, 1) : startOf(year, month + 1)]
}

/** Whether a key of a role may have this name: that of the log for its own key, for others one below it. */
const suits = (name, role, origin) =>
  role === 'log' ? name === origin : name.startsWith(`${origin}/`) && name !== `${origin}/`

// --- A bundle: what a verifier does, step by step

/** Verifies a bundle: calls `report(code, words)` for each finding, and `say(line)` for what was looked at. */
function verifyBundle(folder, trust, kept, report, say) {
  const read = path => readFileSync(`${folder}/${path}`)
  const has = path => existsSync(`${folder}/${path}`)
  // The manifest is not signed. It leaves parts out, which is said: what is there has to hold.
  const { month = null, rows: withRows = true } = has('manifest.json') ? jsonOf(read('manifest.json')) : {}
  const bounds = month === null ? undefined : boundsOf(month).map(microsOf)

  const checkpoint = checkCheckpoint(textOf(read('log/checkpoint')), trust)
  const hashes = []
  const log = new TrustedEntries(checkpoint.origin, trust, report)
  for (const entry of entriesOf(checkpoint.size, path => read(`log/${path}`))) {
    hashes.push(entryHash(entry))
    log.take(entry)
  }
  if (!logRoot(hashes).equals(checkpoint.root))
    report('ENTRY_MISSING', 'the entries are not those of the checkpoint: one is another, missing, or in another place')
  if (kept) compareKept(kept, checkpoint, hashes, report)
  const unsealed = has('log/unsealed') ? split(read('log/unsealed'), 'log/unsealed') : []
  for (const entry of unsealed) log.take(entry)
  const entries = log.trusted()
  const account = accountOf(entries, report)

  const listed = takeLists(path => (has(`lists/${path}`) ? linesOf(read(`lists/${path}`), path) : []), account, report)
  let rows = 0
  if (withRows) {
    const files = readdirSync(`${folder}/rows`).filter(name => name.endsWith('.copy'))
    for (const name of files.sort())
      for (const row of rowsIn(read(`rows/${name}`))) {
        rows += 1
        takeRow(row, account, report)
      }
    closeAccount(account, bounds, report)
  }
  sayCheckpoint(checkpoint, say)
  if (kept) say(`kept        a checkpoint of ${kept.size} entries was compared`)
  say(`entries     ${entries.length} of ${checkpoint.size + unsealed.length} hold: ${countsOf(entries)}`)
  if (unsealed.length > 0) say(`            ${unsealed.length} of them are signed, and not in the log yet`)
  say(`lists       ${listed.duplicates} duplicates, ${listed.quarantine} in quarantine, ${listed.gaps} gaps`)
  if (withRows)
    say(`rows        ${rows} recomputed; ${account.dropped} dropped by retention, ${account.lost} lost as signed`)
  else say('not checked: rows, which the bundle leaves out')
  if (month !== null) say(`not checked: what was recorded outside of ${month} (UTC)`)
  if (listed.early > 0) say(`not checked: ${listed.early} lines of lists from before the proof`)
  const late = entries.filter(({ recorded, clock }) => clocksDiffer(recorded?.last ?? recorded, clock?.last ?? clock))
  if (late.length > 0)
    say(`clocks      differ by more than 5 minutes in ${late.length} entries, as entry ${late[0].index}`)
}

const clocksDiffer = (one, other) => Math.abs(microsOf(one) - microsOf(other)) > 300_000_000
const countsOf = entries =>
  [...new Set(entries.map(({ kind }) => kind))]
    .sort()
    .map(kind => `${kind} ${entries.filter(each => each.kind === kind).length}`)
    .join(', ')

function jsonOf(bytes) {
  try {
    return JSON.parse(textOf(bytes))
  } catch {
    return fail('FILE_UNREADABLE', 'a file is no JSON')
  }
}

/** The log continues the one that a kept checkpoint is of. */
function compareKept(kept, checkpoint, hashes, report) {
  if (kept.origin !== checkpoint.origin) report('LOG_FORKED', `the kept checkpoint is of another log, ${kept.origin}`)
  else if (kept.size > checkpoint.size)
    report('LOG_ROLLED_BACK', `the log has ${checkpoint.size} entries, and had ${kept.size} when a checkpoint was kept`)
  else if (!logRoot(hashes.slice(0, kept.size)).equals(kept.root))
    report('LOG_FORKED', `the first ${kept.size} entries are not those of the checkpoint that was kept`)
}

/** The entries of the tiles of a log. */
function* entriesOf(size, read) {
  for (let number = 0; number * 256 < size; number += 1) {
    const width = Math.min(256, size - number * 256)
    const digits = String(number).padStart(Math.ceil(String(number).length / 3) * 3, '0')
    const path = `tile/entries/${digits.replace(/\d{3}(?=\d)/g, 'x$&/')}${width < 256 ? `.p/${width}` : ''}`
    const entries = split(read(path), path)
    if (entries.length !== width) fail('ENTRY_MISSING', `${path} does not have ${width} entries`)
    yield* entries
  }
}

/** Entries, each after its length. */
function split(bytes, path) {
  const entries = []
  for (let start = 0; start < bytes.length; ) {
    const end = start + 2 <= bytes.length ? start + 2 + bytes.readUInt16BE(start) : Number.POSITIVE_INFINITY
    if (end > bytes.length) fail('ENTRY_MISSING', `a file of entries is cut short: ${path}`)
    entries.push(bytes.subarray(start + 2, end))
    start = end
  }
  return entries
}

/** Takes entries one after the other, and keeps those whose signature, role and place in the chain of their writer hold. */
class TrustedEntries {
  #entries = []
  #count = 0
  #last = new Map()

  /** @param isWhole whether all entries are taken */
  constructor(origin, trust, report, isWhole = true) {
    this.isWhole = isWhole
    this.origin = origin
    this.report = report
    this.keys = [{ ...trust.root, role: 'root' }]
  }

  take(bytes, index = this.#count) {
    this.#count = index + 1
    const place = `entry ${index}`
    let entry
    let signer
    try {
      const note = parseNote(textOf(bytes))
      entry = parseEntry(note.text)
      const signed = signersOf(note, this.keys)
      if (signed.length > 1) fail('ENTRY_INVALID', 'several keys have signed an entry')
      signer = signed[0]
    } catch (error) {
      if (!(error instanceof Finding)) throw error
      this.report('ENTRY_FORGED', `${place}: ${error.message}`)
      return
    }
    if (entry.origin !== this.origin) this.report('ENTRY_FORGED', `${place} is of another log`)
    if (signer.role !== entry.role || index >= signer.revokedAt) {
      this.report('KEY_NOT_ALLOWED', `${place}, ${entry.kind}, is signed by a key that may not`)
      return
    }
    const { uuid: writer, seq } = entry.writer
    const before = this.#last.get(writer)
    const follows = seq === (before?.seq ?? -1) + 1 && entry.previous === (before?.digest ?? null)
    if (this.isWhole && !follows)
      this.report('CHAIN_BROKEN', `${place} does not follow the entry of its writer before it`)
    this.#last.set(writer, { seq, digest: base64(sha256(bytes)) })
    if (entry.kind === 'key') this.#learn(entry, place)
    this.#entries.push({ ...entry, index, signer })
  }

  #learn({ add, revoke }, place) {
    for (const { key: text, role } of add) {
      const key = keyOf(text)
      if (this.keys.some(each => each.publicKey.equals(key.publicKey)))
        this.report('KEY_NOT_ALLOWED', `${place} adds a key that was there before`)
      else this.keys.push({ ...key, role })
    }
    for (const { key, index } of revoke)
      for (const each of this.keys) if (each.text === key) each.revokedAt = Math.min(index, each.revokedAt ?? index)
  }

  /** A key may be revoked from an earlier index on than that of the entry that says so. */
  trusted() {
    return this.#entries.filter(({ index, kind, signer }) => {
      const isRevoked = index >= signer.revokedAt
      if (isRevoked)
        this.report('KEY_NOT_ALLOWED', `entry ${index}, ${kind}, is signed by a key that was revoked later`)
      return !isRevoked
    })
  }
}

/**
 * What the entries say of rows. A stream is what a group has read of a log of a partition; its parts are the stretches
 * before and after each restore of the database, since a sink reads again what the restored database does not have.
 */
function accountOf(entries, report) {
  const streams = new Map()
  const account = {
    stretches: [],
    places: new Map(),
    lists: new Map(),
    prefixes: new Set(),
    retried: new Map(),
    resolved: new Map(),
    redacted: new Map(),
    bus: new Map(),
    adoptedBus: [],
    retentions: [],
    losses: [],
    restores: 0,
    gone: new Map(),
    dropped: 0,
    lost: 0
  }
  const streamOf = ({ group, prefix }, { topic, partition, incarnation }) => {
    const key = JSON.stringify([group, prefix, topic, partition, incarnation])
    const place = `${topic}/${partition}`
    const stream = streams.get(key) ?? { group, prefix, topic, partition, incarnation, place, parts: [] }
    streams.set(key, stream)
    return stream
  }
  const addTo = (stream, stretch) => {
    stream.parts[account.restores] ??= []
    stream.parts[account.restores].push(stretch)
    account.stretches.push(stretch)
  }
  for (const entry of entries) {
    const { index, kind } = entry
    if (entry.prefix !== undefined) account.prefixes.add(entry.prefix)
    const recorded = spanOf(entry)
    const added = (each, where, more = {}) => ({ ...each, where, index, recorded, leaves: new Map(), live: 0, ...more })
    if (kind === 'batch')
      for (const each of entry.stretch) {
        const where = `${each.topic}/${each.partition}, offsets ${each.first}-${each.last} (entry ${index})`
        const stream = streamOf(entry, each)
        addTo(stream, added(each, where, { stream, lines: [], isExact: each.skipped === 0 }))
      }
    if (kind === 'reset')
      for (const each of entry.reset) {
        const stream = streamOf(entry, each)
        stream.start = each.to
        stream.resetFrom = { from: each.from, index }
      }
    if (kind === 'adopted') {
      const before = { first: Number.NEGATIVE_INFINITY, last: recorded.last }
      for (const each of entry.position) streamOf(entry, each).start = each.next
      for (const each of entry.block) {
        const topic = entry.prefix + each.event
        const stream = streamOf({ ...entry, group: ['adopted'] }, { ...each, topic, incarnation: 0 })
        const where = `${stream.place}, offsets ${each.first}-${each.last} (adopted, entry ${index})`
        addTo(stream, added({ ...each, topic }, where, { stream, recorded: before, isAdopted: true }))
      }
      for (const each of entry.bus) {
        const where = `bus, ids ${each.first} to ${each.last} (adopted, entry ${index})`
        account.adoptedBus.push(added(each, where, { recorded: before, isAdopted: true, ids: [each.first, each.last] }))
        account.stretches.push(account.adoptedBus.at(-1))
      }
    }
    if (kind === 'bus') {
      const ids = entry.id.map(id => uuidOf(Buffer.from(id, 'base64url')))
      const stretch = added({ rows: ids.length, root: entry.root }, `bus (entry ${index})`, { isExact: true, ids })
      account.stretches.push(stretch)
      for (const id of ids) account.bus.set(id, stretch)
    }
    if (kind === 'retry') {
      const { topic, partition, offset } = entry.record
      const where = `${topic}/${partition}, offset ${offset} (entry ${index})`
      const key = `${placeOf(entry.prefix, topic, partition)} ${offset} ${entry.event}`
      account.retried.set(key, { ...entry, where, recorded })
      append(account.resolved, recordKey(entry, entry.record, offset), { status: 'stored', part: account.restores })
    }
    if (kind === 'resolution') {
      const { record, status } = entry
      append(account.resolved, recordKey(entry, record, record.first), { status, part: account.restores })
    }
    if (kind === 'redaction') account.redacted.set(entry.event, bytesOf(entry.leaf))
    if (kind === 'retention') account.retentions.push(entry)
    if (kind === 'loss') account.losses.push(...entry.lost)
    if (kind === 'restored') account.restores += 1
  }
  for (const stream of streams.values()) joinStretches(stream, account, report)
  checkResets(streams, account, report)
  return account
}

/** The moments between which rows of an entry were recorded, in microseconds. */
const spanOf = ({ recorded }) => ({
  first: microsOf(recorded.first ?? recorded),
  last: microsOf(recorded.last ?? recorded)
})
const recordKey = ({ group }, { topic, partition, incarnation }, offset) =>
  JSON.stringify([group, topic, partition, incarnation, offset])
const placeOf = (prefix, topic, partition) => JSON.stringify([prefix, topic, partition])

/** The stretches of a stream meet. An entry that its writer left open is sealed later than one that follows it: by offset. */
function joinStretches(stream, account, report) {
  const { group, prefix, topic, partition, incarnation, parts } = stream
  const isAdopted = Array.isArray(group)
  if (parts.length > 0 && incarnation > 1 && stream.start === undefined)
    report('RESET_UNSIGNED', `${stream.place}: incarnation ${incarnation} has begun, and no entry says so`)
  let next = stream.start
  for (const [part, stretches = []] of parts.entries()) {
    stretches.sort((one, other) => one.first - other.first)
    for (const [place, { first, last, where }] of stretches.entries()) {
      // After a restore the sink reads again from the position that the restored database had.
      const goesBack = part > 0 && place === 0 && first < next
      if (next !== undefined && !isAdopted && first > next)
        report('OFFSETS_HOLE', `${where}: ${next} should be the first`)
      if (next !== undefined && first < next && !goesBack)
        report('OFFSETS_OVERLAP', `${where}: ${next} should be the first`)
      next = last + 1
    }
    if (stretches.length === 0) continue
    append(account.places, placeOf(prefix, topic, partition), stretches)
    if (!isAdopted) append(account.lists, JSON.stringify([group, topic, partition, incarnation]), stretches)
  }
  stream.next = next
}

const append = (map, key, value) => map.set(key, [...(map.get(key) ?? []), value])

/** A reset names the offset that would have been read next: what was stored after the last stretch would be missing. */
function checkResets(streams, { restores }, report) {
  for (const { group, prefix, topic, partition, incarnation, place, resetFrom } of streams.values()) {
    const before = streams.get(JSON.stringify([group, prefix, topic, partition, incarnation - 1]))
    if (!resetFrom || before?.next === undefined || restores > 0) continue
    const { from, index } = resetFrom
    if (before.next < from)
      report('OFFSETS_HOLE', `${place}: ${before.next} to ${from - 1}, before the reset (entry ${index})`)
    if (before.next > from)
      report('OFFSETS_OVERLAP', `${place}: ${from} to ${before.next - 1}, before the reset (entry ${index})`)
  }
}

// --- Lists

/** Lines of JSON. */
const linesOf = (bytes, path) =>
  textOf(bytes)
    .split('\n')
    .filter(line => line !== '')
    .map(line => {
      try {
        return Object(JSON.parse(line))
      } catch {
        return fail('LIST_CHANGED', `a line of lists/${path} is no JSON`)
      }
    })

/** Holds the lists of a bundle against the entries. @returns how many lines each has */
function takeLists(read, account, report) {
  const counts = { duplicates: 0, quarantine: 0, gaps: 0, early: 0 }
  const add = (name, text, { group, topic, partition, incarnation }, first, last = first) => {
    counts[name] += 1
    const isSound = Number.isSafeInteger(first) && Number.isSafeInteger(last) && first <= last
    if (!isSound) fail('LIST_CHANGED', `a line of lists/${name}.ndjson has no offset`)
    const parts = account.lists.get(JSON.stringify([group, topic, partition, incarnation])) ?? []
    const found = parts.flatMap(stretches => stretchAt(stretches, first) ?? [])
    if (found.length === 0) counts.early += 1
    for (const stretch of found) stretch.lines.push({ name, text, first, last })
    return found.length > 0
  }
  for (const each of read('duplicates.ndjson'))
    add('duplicates', `d ${each.offset} ${each.event_id}\n`, each, each.offset)
  for (const each of read('quarantine.ndjson')) {
    const { offset: first, last, code, digest } = each
    const text = `${first === last ? `q ${first}` : `b ${first} ${last}`} ${code} ${digest}\n`
    const isKnown = add('quarantine', text, each, first, last)
    checkStatus(each, isKnown, account, report)
  }
  for (const each of read('gaps.ndjson')) add('gaps', `l ${each.first} ${each.last}\n`, each, each.first, each.last)
  for (const stretch of account.stretches) if (stretch.lines) checkAside(stretch, report)
  takeKept(read('kept.ndjson'), account, report)
  return counts
}

/** What has become of a record in quarantine is what an entry says; without one it is held. */
function checkStatus({ status, offset, ...place }, isKnown, { resolved, restores }, report) {
  const said = resolved.get(recordKey(place, place, offset)) ?? []
  // Before the proof began there were no entries.
  if (!isKnown && said.length === 0) return
  const allowed = said.map(each => each.status)
  // A database that was restored may have it as it was before.
  if (said.every(({ part }) => part < restores)) allowed.push('held')
  if (!allowed.includes(status))
    report(
      'LIST_CHANGED',
      `${place.topic}/${place.partition}, offset ${offset}: a record in quarantine has the status ${status}, and its entries say ${allowed.join(' or ')}`
    )
}

function checkAside(stretch, report) {
  const { lines, aside, where } = stretch
  lines.sort((one, other) => one.first - other.first)
  const digest = lines.length === 0 ? null : base64(sha256(lines.map(({ text }) => text).join('')))
  if (digest === aside) return
  const offsets = name => lines.reduce((sum, each) => sum + (each.name === name ? each.last - each.first + 1 : 0), 0)
  const pairs = [
    ['duplicates', stretch.duplicates, 'duplicates'],
    ['quarantine', stretch.quarantined, 'offsets in quarantine'],
    ['gaps', stretch.lost, 'offsets lost']
  ].map(([name, recorded, words]) => `${offsets(name)} ${words} of ${recorded}`)
  report('LIST_CHANGED', `${where}: the lists are not what was recorded (${pairs.join(', ')})`)
}

/** Whether an offset of a stretch is no row, as the lists have it. */
function isAside({ lines = [] }, offset) {
  let [from, to] = [0, lines.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if (lines[middle].last < offset) from = middle + 1
    else to = middle
  }
  return from < lines.length && lines[from].first <= offset
}

/** Leaves whose rows retention took, while other rows of their stretch stayed: they are put to their places. */
function takeKept(lines, account, report) {
  for (const { index, kept } of account.retentions) {
    const own = lines.filter(({ retention }) => retention === index).map(({ leaf }) => bytesOf(String(leaf)))
    const isSame = own.length === kept.leaves && own.every(leaf => leaf?.length === 32)
    if (!isSame || (own.length > 0 && base64(sha256(...own)) !== kept.digest))
      report('KEPT_CHANGED', `entry ${index}: ${kept.leaves} leaves were kept, and the ${own.length} here are others`)
  }
  for (const { event_id: id, topic, partition, incarnation, offset, leaf } of lines) {
    const isHere = each => each.stream?.incarnation === incarnation || each.isAdopted
    const found =
      offset === null
        ? [busStretch({ id: String(id) }, account)]
        : [...account.prefixes]
            .flatMap(prefix => account.places.get(placeOf(prefix, topic, partition)) ?? [])
            .map(stretches => stretchAt(stretches, offset))
            .filter(stretch => stretch && isHere(stretch) && !isAside(stretch, offset))
    for (const stretch of found) if (stretch) put(stretch, offset ?? id, bytesOf(String(leaf)), report, true)
  }
}

// --- Rows of a bundle

/** The stretch that has an offset, of stretches that are sorted. */
function stretchAt(stretches, offset) {
  let [from, to] = [0, stretches.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if (stretches[middle].first <= offset) from = middle + 1
    else to = middle
  }
  const found = stretches[from - 1]
  return found && offset <= found.last ? found : undefined
}

/** Puts the leaf of a row to its place. */
function takeRow(row, account, report) {
  if (row.fault) {
    report('ROW_ADDED', `a row${row.id ? `, id ${row.id}` : ''}: no row of a trail is like this: ${row.fault}`)
    return
  }
  const name = row.offset === null ? `bus, id ${row.id}` : `${row.eventName}/${row.partition}, offset ${row.offset}`
  // A row whose payload was blanked counts as what it was: the entry says so.
  const leaf = (row.isBlank && account.redacted.get(row.id)) || row.leaf
  // The topic of a row is the prefix of its entry and the name of its event.
  const places = [...account.prefixes].map(prefix => placeOf(prefix, prefix + row.eventName, row.partition))
  const retried = places.map(each => account.retried.get(`${each} ${row.offset} ${row.id}`)).find(Boolean)
  if (retried) {
    if (retried.taken) report('ROW_TWICE', name)
    if (!leaf.equals(bytesOf(retried.leaf)))
      report('ROWS_CHANGED', `${retried.where}: not what was stored from quarantine`)
    checkTime(row, [retried], name, report)
    retried.taken = true
    return
  }
  const found = row.offset === null ? busStretches(row, account) : stretchesOf(row, places, account)
  if (found.length === 0) report('ROW_ADDED', `${name}: no entry accounts for it`)
  const inTime = checkTime(row, found, name, report)
  // Of two groups, or of two logs of a topic, one has stored the row: that of its time.
  const chosen = inTime.findLast(each => !each.isAdopted) ?? inTime[0] ?? found[0]
  for (const stretch of found) if (stretch.stream === chosen.stream) put(stretch, row.offset ?? row.id, leaf, report)
}

function checkTime({ recorded }, found, name, report) {
  const inTime = found.filter(each => each.recorded.first <= recorded && recorded <= each.recorded.last)
  if (found.length > 0 && inTime.length === 0)
    report('RECORDED_AT_OUTSIDE', `${name}: recorded_at is outside of what its entry says (entry ${found[0].index})`)
  return inTime
}

const busStretch = ({ id }, { bus, adoptedBus }) =>
  bus.get(id) ?? adoptedBus.find(({ first, last }) => first <= id && id <= last)
const busStretches = (row, account) => [busStretch(row, account)].filter(Boolean)

const stretchesOf = ({ offset }, places, account) =>
  places
    .flatMap(place => account.places.get(place) ?? [])
    .map(stretches => stretchAt(stretches, offset))
    .filter(stretch => stretch && !isAside(stretch, offset))

function put(stretch, key, leaf, report, isKept = false) {
  const name = typeof key === 'number' ? `${stretch.topic}/${stretch.partition}, offset ${key}` : `bus, id ${key}`
  if (!stretch.leaves || stretch.leaves.has(key)) {
    const isTaken = stretch.leaves || stretch.isExact || stretch.taken.has(key)
    report(isTaken ? 'ROW_TWICE' : 'ROW_ADDED', `${name} (entry ${stretch.index})`)
    return
  }
  stretch.leaves.set(key, leaf)
  if (!isKept) stretch.live += 1
  // What holds is let go, so that a large trail fits into memory.
  if (stretch.leaves.size === stretch.rows && rootOf(stretch).equals(bytesOf(stretch.root))) {
    if (!stretch.isExact) stretch.taken = new Set(stretch.leaves.keys())
    stretch.leaves = undefined
  }
}

function rootOf({ leaves }) {
  const keys = [...leaves.keys()].sort((one, other) => (one < other ? -1 : 1))
  return stretchRoot(keys.map(key => leaves.get(key)))
}

/** What is left once all rows are at their places. */
function closeAccount(account, bounds, report) {
  const isOutside = ({ recorded, isAdopted }) =>
    bounds && (isAdopted || recorded.last < bounds[0] || recorded.first >= bounds[1])
  for (const stretch of account.stretches) closeStretch(stretch, account, isOutside(stretch), report)
  for (const each of account.retried.values()) {
    if (each.taken || isOutside(each)) continue
    const { topic, partition, offset } = each.record
    if (account.retentions.some(retention => hasId(retention, each.event)))
      countGone(account, `${topic}/${partition}`, 1)
    else if (isLost({ ...each.record, first: offset, last: offset }, account)) account.lost += 1
    else report('ROW_MISSING', `${each.where}: the row that was stored from quarantine`)
  }
  // A restore has stretches twice: how many of their rows are gone cannot be counted.
  if (account.restores === 0) checkDropped(account, report)
}

function closeStretch(stretch, account, isOutside, report) {
  const { where, rows, leaves, live, ids } = stretch
  const place = ids ? 'bus' : `${stretch.topic}/${stretch.partition}`
  if (!leaves) return countGone(account, place, rows - live)
  if (leaves.size === 0 && rows === 0) return
  if (leaves.size > rows) return report('ROW_ADDED', `${where}: ${leaves.size} rows, and its entry has ${rows}`)
  if (leaves.size === rows) return report('ROWS_CHANGED', `${where}: not what was recorded`)
  if (isOutside) return
  if (live === 0 && isDropped(stretch, account)) return countGone(account, place, rows)
  if (isLost(stretch, account)) account.lost += rows - leaves.size
  else report('ROW_MISSING', `${where}: ${leaves.size} rows of ${rows}${missingOf(stretch)}`)
}

/** Which are missing, where that is known and they are few. */
function missingOf({ first, last, rows, leaves, lines, ids, isExact }) {
  if (!isExact || rows - leaves.size > 3) return ''
  const all = ids ?? Array.from({ length: last - first + 1 }, (_, index) => first + index)
  const missing = all.filter(key => !leaves.has(key) && !isAside({ lines }, key))
  return `; missing: ${missing.join(', ')}`
}

const overlaps = (one, other) =>
  one.topic === other.topic &&
  one.partition === other.partition &&
  (one.incarnation ?? other.incarnation) === other.incarnation &&
  one.first <= other.last &&
  other.first <= one.last
const isLost = (stretch, { losses }) => !stretch.ids && losses.some(each => overlaps(stretch, each))
const isDropped = (stretch, { retentions }) =>
  stretch.ids
    ? // The leaves stay of rows that go while others of their entry do not: all of these are of one month.
      retentions.some(retention => stretch.ids.every(id => hasId(retention, id)))
    : retentions.some(({ dropped }) => dropped.some(each => overlaps(stretch, each)))
/** Whether an id is of the month that was dropped: it begins with milliseconds since 1970. */
function hasId({ bounds }, id) {
  const micros = Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16) * 1_000
  return microsOf(bounds.from) <= micros && micros < microsOf(bounds.to)
}

const countGone = ({ gone }, place, rows) => gone.set(place, (gone.get(place) ?? 0) + rows)

/** No more rows are gone than retention has dropped. */
function checkDropped(account, report) {
  const { retentions, gone } = account
  const dropped = new Map()
  const add = (place, rows) => dropped.set(place, (dropped.get(place) ?? 0) + rows)
  for (const { rows, dropped: lines } of retentions) {
    for (const each of lines) add(`${each.topic}/${each.partition}`, each.rows)
    add('bus', rows - lines.reduce((sum, each) => sum + each.rows, 0))
  }
  for (const [place, rows] of gone) {
    account.dropped += rows
    const most = dropped.get(place) ?? 0
    if (rows > most) report('ROW_MISSING', `${place}: ${rows} rows are gone, and retention has dropped ${most}`)
  }
}

// --- The proof of one event

/** Verifies an `.eventproof`, and says what it proves. */
function verifyEventProof(text, trust, say) {
  const wrong = what => fail('PROOF_INVALID', `the file is no proof of an event: ${what}`)
  const orWrong = (work, what) => orUndefined(work)() ?? wrong(what)
  const file = orWrong(() => Object(JSON.parse(text)), 'no JSON')
  const { format, row: encoded, line, number, index, path, entry: note, proof, keys } = file
  if (format !== 'eventtrail/row-proof@v1') wrong('another format')
  const strings = [encoded, note, proof, ...[keys].flat().flatMap(each => [each?.entry, each?.proof])]
  if (!Array.isArray(keys) || !strings.every(each => typeof each === 'string')) wrong('a text is missing')
  const tuple = bytesOf(encoded) ?? wrong('the row is no base64')
  const rows = orWrong(() => [...rowsIn(Buffer.concat([copyHead, tuple, Buffer.of(0xff, 0xff)]))], 'the row is none')
  const [row] = rows
  if (rows.length !== 1 || row.fault || row.values.length !== 11 || !row.leaf.equals(sha256(tuple)))
    wrong('the row is none of a trail')

  // The keys, by the entries of the log that add and revoke them.
  const checkpointText = splitProof(proof).checkpoint
  const checkpoint = checkCheckpoint(checkpointText, trust)
  const report = (code, words) => fail(code, words)
  const log = new TrustedEntries(checkpoint.origin, trust, report, false)
  const taken = [...keys, { entry: note, proof }].map(each => {
    const included = splitProof(each.proof)
    if (included.checkpoint !== checkpointText) fail('ENTRY_MISSING', 'the proofs are of several checkpoints')
    const leaf = entryHash(Buffer.from(each.entry))
    if (!includes(leaf, included.index, checkpoint.size, checkpoint.root, included.hashes))
      fail('ENTRY_MISSING', `entry ${included.index} is not that of the log`)
    return { bytes: Buffer.from(each.entry), index: included.index }
  })
  const own = taken.at(-1).index
  for (const { bytes, index: at } of taken.sort((one, other) => one.index - other.index)) log.take(bytes, at)
  const entry = log.trusted().find(each => each.index === own) ?? wrong('its entry is of another kind')

  const lines = { stretch: entry.stretch, block: entry.block, bus: entry.bus, root: [entry], leaf: [entry] }
  const isLine = Object.hasOwn(lines, line) && Number.isSafeInteger(number)
  const stretch = (isLine && lines[line]?.[number]) || wrong('its entry has no such line')
  checkPlace(row, { entry, line, stretch, index })
  if (line === 'leaf' ? entry.leaf !== base64(row.leaf) : !leads(row.leaf, stretch, index, path))
    fail('ROWS_CHANGED', 'the row is not that of its entry')

  const { first = entry.recorded, last = entry.recorded } = entry.recorded
  sayCheckpoint(checkpoint, say)
  say(`event       ${row.eventName}, id ${row.id}`)
  say(`entry       ${entry.index}, ${entry.kind}, signed by ${entry.signer.name}`)
  if (row.offset !== null) say(`place       ${row.eventName}/${row.partition}, offset ${row.offset}`)
  const isAdopted = entry.kind === 'adopted'
  say(`recorded    ${isAdopted ? `before ${last}, when it was adopted` : `between ${first} and ${last}`}`)
  const [, aggregate, , , payload, version, ...who] = row.values
  const occurred = Number((row.occurred + epoch) / 1_000n)
  const when = Math.abs(occurred) < 8.64e15 ? new Date(occurred).toISOString() : `${occurred} ms since 1970`
  say(`occurred    ${when}, as its publisher says`)
  say(`aggregate   ${uuidOf(aggregate)}`)
  for (const [place, name] of ['source', 'actor', 'traceparent'].entries())
    say(`${name.padEnd(11)} ${who[place] === null ? '-' : who[place].toString()}`)
  say(`payload     ${payload.toString('utf8', 1)} (schema version ${version.readInt16BE()})`)
  say('not checked: whether the row is in the trail today, and whether its key was revoked after the last entry above')
}

/** A C2SP tlog-proof: the place of an entry in the log of a checkpoint. */
function splitProof(text) {
  const end = text.indexOf('\n\n')
  const [head, ...lines] = text.slice(0, Math.max(0, end)).split('\n')
  if (lines[0]?.startsWith('extra ')) lines.shift()
  const [, index = ''] = /^index (0|[1-9]\d{0,15})$/.exec(lines.shift() ?? '') ?? []
  const hashes = lines.map(bytesOf)
  const isSound = head === 'c2sp.org/tlog-proof@v1' && index !== '' && hashes.every(each => each?.length === 32)
  if (!isSound) fail('PROOF_INVALID', 'a proof of an entry has another form')
  return { index: Number(index), hashes, checkpoint: text.slice(end + 2) }
}

/** The row is of the partition and offset, or of the id, that its line names. */
function checkPlace(row, { entry, line, stretch, index }) {
  const { eventName, partition, offset, id } = row
  const { topic, partition: own } = entry.record ?? stretch
  const isAt = own === partition && stretch.first + index <= offset && offset <= stretch.last
  const isOf = {
    stretch: () => isAt && topic === entry.prefix + eventName,
    block: () => isAt && stretch.event === eventName,
    bus: () => offset === null && stretch.first <= id && id <= stretch.last,
    root: () => offset === null && entry.kind === 'bus' && uuidsOf(entry)[index] === id,
    leaf: () => entry.kind === 'retry' && entry.event === id && own === partition && entry.record.offset === offset
  }[line]()
  if (!isOf) fail('ROWS_CHANGED', 'the row is of another place than its entry')
}

const uuidsOf = ({ id }) => id.map(each => uuidOf(Buffer.from(each, 'base64url'))).sort()

function leads(leaf, { rows, root, id }, index, path) {
  const count = rows ?? id.length
  const isStep = step =>
    Array.isArray(step?.others) && step.others.every(each => typeof each === 'string' && bytesOf(each))
  const isSound =
    Number.isSafeInteger(index) && index >= 0 && index < count && Array.isArray(path) && path.every(isStep)
  if (!isSound) fail('PROOF_INVALID', 'the path of the row has another form')
  return orUndefined(() => rootOfPath(leaf, index, count, path).equals(bytesOf(root)))() === true
}

// --- The command

const usage = `node verify.mjs FOLDER --trust FILE [--kept FILE]
node verify.mjs FILE.eventproof --trust FILE
node verify.mjs CHECKPOINT --trust FILE
`

/** The words of the command; undefined where they are wrong. */
function wordsOf([first, ...rest]) {
  const words = { path: first }
  for (let at = 0; at < rest.length; at += 2) {
    const name = rest[at].replace(/^--/, '')
    if (!['--trust', '--kept'].includes(rest[at]) || rest[at + 1] === undefined || words[name]) return undefined
    words[name] = rest[at + 1]
  }
  return first && words.trust ? words : undefined
}

function main(given) {
  const words = wordsOf(given)
  const complain = (line, code) => {
    process.stderr.write(`${line}\n`)
    return code
  }
  if (!words) return complain(usage, 2)
  let findings = 0
  // What is in a trail does not command a terminal.
  const shown = text => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, each => `\\u{${each.codePointAt(0).toString(16)}}`)
  const say = line => process.stdout.write(`${shown(line)}\n`)
  const report = (code, message) => {
    findings += 1
    say(`${code}  ${message}`)
  }
  try {
    verifyPath(words, report, say)
    say(findings === 0 ? 'verified' : `not verified: ${findings} ${findings === 1 ? 'finding' : 'findings'}`)
  } catch (error) {
    if (!(error instanceof Finding)) {
      if (error.code === undefined) throw error
      return complain(`${error.code} ${error.path ?? ''}`, 3)
    }
    if (error.code === 'TRUST_INVALID') return complain(`${error.code}  ${error.message}`, 2)
    if (error.code === 'FILE_UNREADABLE') return complain(`${error.code}  ${error.message}`, 3)
    report(error.code, error.message)
    say(`not verified, and not all was looked at: ${findings} ${findings === 1 ? 'finding' : 'findings'}`)
  }
  return findings === 0 ? 0 : 1
}

function verifyPath({ path, trust: policy, kept: keptFile }, report, say) {
  let trust
  try {
    trust = parseTrust(readFileSync(policy, 'utf8'))
  } catch (error) {
    if (error instanceof Finding) fail('TRUST_INVALID', error.message)
    throw error
  }
  const isFolder = statSync(path).isDirectory()
  if (keptFile && !isFolder) fail('TRUST_INVALID', '--kept is compared with a bundle')
  const kept = keptFile && checkCheckpoint(textOf(readFileSync(keptFile)), trust)
  if (isFolder) return verifyBundle(path, trust, kept, report, say)
  const text = textOf(readFileSync(path))
  if (text.trimStart().startsWith('{')) return verifyEventProof(text, trust, say)
  return sayCheckpoint(checkCheckpoint(text, trust), say)
}

function sayCheckpoint({ origin, size, signed }, say) {
  say(`checkpoint  ${origin}, ${size} entries, signed by ${signed.map(({ name }) => name).join(', ')}`)
}

// vectors.mjs takes these parts one by one.
export const bytes = { base64, bytesOf, copyHead, rowsIn, sha256, stretchRoot, rootOfPath, Finding, fail }
export const texts = { checkCheckpoint, keyOf, parseEntry, parseNote, parseTrust, signersOf }
export const log = { continues, entryHash, includes, logRoot }

if (process.argv[1] && realpathSync(process.argv[1]) === import.meta.filename)
  process.exitCode = main(process.argv.slice(2))
