#!/usr/bin/env node
// Verifies proofs of eventtrail. One file, without other code: an auditor can read it, and run it without network.
// It is written from docs/proof-format.md, whose sections its own follow.
//
//   node verify.mjs vectors proof-vectors.json           this verifier against the vectors
//   node verify.mjs checkpoint FILE --trust trust.txt    the signatures of a checkpoint
//   node verify.mjs bundle DIR --trust trust.txt         checkpoint, entries and rows of a bundle
//
// A bundle is a folder: `checkpoint`, `tile/entries/…` as the log has them, `rows/*.copy` by
//   COPY (SELECT <the eleven columns>, recorded_at FROM event_envelopes) TO STDOUT (FORMAT binary)
// Exit codes: 0 verified, 1 findings, 2 called in a wrong way, 3 a file cannot be read.
import { createPublicKey, hash, verify } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'

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

// --- Canonical JSON. Not by JSON.parse: it loses digits, and that of Node.js 24 takes some keys for others.

function canonicalJson(text) {
  let at = 0
  let depth = 0
  const invalid = () => fail('JSON_INVALID', 'no JSON that has a canonical form')
  const take = pattern => {
    pattern.lastIndex = at
    const found = pattern.exec(text)
    if (!found) return undefined
    at = pattern.lastIndex
    return found[0]
  }
  const space = () => take(/[ \t\n\r]*/y)
  const next = letter => {
    if (text[at] !== letter) return false
    at += 1
    space()
    return true
  }
  const string = () => {
    const token = take(/"[^"\\]*(?:\\.[^"\\]*)*"/y) ?? invalid()
    space()
    const value = JSON.parse(token)
    return value.isWellFormed() && !value.includes('\0') ? value : invalid()
  }
  const list = (end, item) => {
    depth += 1
    if (depth > 1_000) invalid()
    if (!next(end)) {
      do item()
      while (next(','))
      if (!next(end)) invalid()
    }
    depth -= 1
  }
  const value = () => {
    if (next('{')) {
      const entries = new Map()
      list('}', () => {
        const key = string()
        if (!next(':')) invalid()
        entries.set(key, value())
      })
      const sorted = [...entries]
        .map(([key, json]) => [Buffer.from(key), `${JSON.stringify(key)}: ${json}`])
        .sort(([one], [other]) => one.length - other.length || one.compare(other))
      return `{${sorted.map(([, json]) => json).join(', ')}}`
    }
    if (next('[')) {
      const items = []
      list(']', () => items.push(value()))
      return `[${items.join(', ')}]`
    }
    if (text[at] === '"') return JSON.stringify(string())
    const token = take(/true|false|null/y) ?? plainNumber(take(/-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y) ?? invalid())
    space()
    return token
  }
  try {
    space()
    const canonical = value()
    return at === text.length ? canonical : invalid()
  } catch {
    return invalid()
  }
}

function plainNumber(text) {
  const [, sign, whole, fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text)
  const power = Number(exponent)
  const places = Math.max(0, fraction.length - power)
  const significant = (whole + fraction).replace(/^0+/, '').length
  const before = significant > 0 ? significant + power - fraction.length : 0
  if (Math.abs(power) > 1_073_741_822 || places > 16_383 || before > 131_072)
    fail('JSON_INVALID', 'a number has more digits than numeric takes')
  if (significant === 0) return places > 0 ? `0.${'0'.repeat(places)}` : '0'
  const digits = (whole + fraction).padEnd(whole.length + power, '0').padStart(places + 1, '0')
  const point = digits.length - places
  const plain = digits.slice(0, point).replace(/^0+(?=\d)/, '') + (places > 0 ? `.${digits.slice(point)}` : '')
  return sign + plain
}

// --- Rows and leaves

/** The rows of a file of binary COPY: of eleven columns, or of twelve, the last of which is recorded_at. */
function* rowsIn(file) {
  const wrong = () => fail('ROW_INVALID', 'a file of rows is no binary COPY of the columns of a row')
  const head = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')
  if (!file.subarray(0, head.length).equals(head)) wrong()
  for (let at = head.length; ; ) {
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
    const [id, , , eventName, , , , , , partition, offset, recorded] = values
    yield {
      id: uuidOf(id),
      eventName: eventName.toString(),
      partition: partition?.readInt32BE() ?? null,
      offset: offset ? Number(offset.readBigInt64BE()) : null,
      recorded: recorded ? timeOf(recorded.readBigInt64BE()) : null,
      // A row of form 1 begins with its eleven columns, whatever follows in the file.
      leaf: sha256(Buffer.of(0, 11), file.subarray(start + 2, end))
    }
  }
}

const uuidOf = bytes => bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')

/** Microseconds since 2000 as a time of an entry. */
function timeOf(micros) {
  const since1970 = micros + 946_684_800_000_000n
  const second = new Date(Number(since1970 / 1000n)).toISOString().slice(0, 23)
  return `${second}${String(since1970 % 1000n).padStart(3, '0')}Z`
}

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

// --- Entries. A line: its name, `+` for one or more, `*` for any number; its words, `!` for those it is sorted by.

const place = 'topic:name! partition:count! incarnation:count!'
const at = place.replaceAll('!', '')
const span = ['recorded first:time last:time', 'clock first:time last:time']
const moment = ['recorded time', 'clock time']
const stream = ['group text', 'prefix text']
const salted = [...moment, 'number count', 'row hash']
const kinds = {
  batch: [
    'sink',
    ...span,
    ...stream,
    'form count',
    `stretch+ ${place} first:count! last:count rows:count duplicates:count quarantined:count skipped:count lost:count root:hash? aside:hash?`
  ],
  bus: ['bus', ...span, 'form count', 'root hash', 'id+ id!'],
  retry: [
    'operator',
    ...moment,
    ...stream,
    'form count',
    `record ${at} offset:count`,
    'event uuid',
    'leaf hash',
    'words hash'
  ],
  resolution: [
    'operator',
    ...moment,
    ...stream,
    `record ${at} first:count last:count`,
    'status resolution',
    'words hash'
  ],
  reset: ['operator', ...moment, ...stream, `reset+ ${place} from:count to:count`, 'words hash'],
  adopted: [
    'operator',
    ...moment,
    ...stream,
    'form count',
    'block* event:name! partition:count! first:count! last:count rows:count root:hash',
    'bus* first:uuid! last:uuid rows:count root:hash',
    `position* ${place} next:count`
  ],
  retention: [
    'operator',
    ...moment,
    'month month',
    'bounds from:time to:time',
    'rows count',
    `dropped* ${place} rows:count first:count last:count`,
    'kept leaves:count digest:hash?',
    'words hash'
  ],
  redaction: ['privacy', ...moment, 'event uuid', 'leaf hash', 'basis name', 'words hash'],
  erasure: [
    'privacy',
    ...moment,
    'number uuid',
    'state erasure',
    'epoch count',
    'basis name',
    'words hash',
    'key* uuid!'
  ],
  kek: ['privacy', ...moment, 'epoch count', 'destroyed time'],
  hold: ['privacy', ...salted],
  release: ['privacy', ...salted],
  disclosure: ['privacy', ...salted],
  restored: ['operator', ...moment, 'entries had:count of:count', 'words hash'],
  loss: ['operator', ...moment, ...stream, `lost+ ${place} first:count! last:count`, 'words hash'],
  key: ['root', ...moment, 'add* key:vkey! role:role', 'revoke* key:vkey! index:count']
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
    return typeof value === 'string' && canonicalJson(word) === word ? value : undefined
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
  const [role, ...rules] = kinds[kind]
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

/** Verifies a bundle, and calls `report(code, words)` for each finding. @returns what was looked at */
function verifyBundle(folder, trust, report) {
  const read = path => readFileSync(`${folder}/${path}`)
  const checkpoint = checkCheckpoint(textOf(read('checkpoint')), trust)
  const texts = entriesOf(checkpoint.size, read)
  const root = logRoot(texts.map(entryHash))
  if (!root.equals(checkpoint.root)) {
    report(
      'ENTRY_MISSING',
      `the entries are not those of the checkpoint: another one, another order, or one that is missing`
    )
  }
  const entries = trustedEntries(texts, checkpoint.origin, trust, report)
  const account = accountOf(entries, report)
  let rows = 0
  const files = readdirSync(`${folder}/rows`).filter(name => name.endsWith('.copy'))
  for (const name of files.sort())
    for (const row of rowsIn(read(`rows/${name}`))) {
      rows += 1
      takeRow(row, account, report)
    }
  for (const stretch of account.stretches) closeStretch(stretch, account, report)
  return { checkpoint, entries: entries.length, rows }
}

/** The entries of the bundles of a log. */
function entriesOf(size, read) {
  const entries = []
  for (let number = 0; number * 256 < size; number += 1) {
    const width = Math.min(256, size - number * 256)
    const digits = String(number).padStart(Math.ceil(String(number).length / 3) * 3, '0')
    const path = digits.replace(/\d{3}(?=\d)/g, 'x$&/') + (width < 256 ? `.p/${width}` : '')
    const bytes = read(`tile/entries/${path}`)
    const before = entries.length
    for (let start = 0; start < bytes.length; ) {
      const end = start + 2 <= bytes.length ? start + 2 + bytes.readUInt16BE(start) : Number.POSITIVE_INFINITY
      if (end > bytes.length) fail('ENTRY_MISSING', `a file of entries is cut short: tile/entries/${path}`)
      entries.push(bytes.subarray(start + 2, end))
      start = end
    }
    if (entries.length - before !== width) fail('ENTRY_MISSING', `tile/entries/${path} does not have ${width} entries`)
  }
  return entries
}

/** The entries whose signature, role and place in the chain of their writer hold. */
function trustedEntries(texts, origin, trust, report) {
  const keys = [{ ...trust.root, role: 'root' }]
  const last = new Map()
  const entries = []
  for (const [index, bytes] of texts.entries()) {
    const place = `entry ${index}`
    let entry
    let signed
    try {
      const note = parseNote(textOf(bytes))
      entry = parseEntry(note.text)
      signed = signersOf(note, keys)
      if (signed.length > 1) fail('ENTRY_INVALID', 'several keys have signed an entry')
    } catch (error) {
      if (!(error instanceof Finding)) throw error
      report('ENTRY_FORGED', `${place}: ${error.message}`)
      continue
    }
    if (entry.origin !== origin) report('ENTRY_FORGED', `${place} is of another log`)
    if (!signed.some(key => key.role === entry.role && !(index >= key.revokedAt))) {
      report('KEY_NOT_ALLOWED', `${place}, ${entry.kind}, is signed by a key that may not`)
      continue
    }
    const { uuid: writer, seq } = entry.writer
    const before = last.get(writer)
    if (seq !== (before?.seq ?? -1) + 1 || entry.previous !== (before?.digest ?? null))
      report('CHAIN_BROKEN', `${place} does not follow the entry of its writer before it`)
    last.set(writer, { seq, digest: base64(sha256(bytes)) })
    for (const { key: text, role } of entry.add ?? []) {
      const key = keyOf(text)
      if (keys.some(each => each.publicKey.equals(key.publicKey)))
        report('KEY_NOT_ALLOWED', `${place} adds a key that was there before`)
      else keys.push({ ...key, role })
    }
    for (const { key, index: from } of entry.revoke ?? [])
      for (const each of keys) if (each.text === key) each.revokedAt = Math.min(from, each.revokedAt ?? from)
    entries.push({ ...entry, index, signer: signed[0] })
  }
  // A key may be revoked from an earlier index on than that of the entry that says so.
  return entries.filter(({ index, kind, signer }) => {
    const isRevoked = index >= signer.revokedAt
    if (isRevoked) report('KEY_NOT_ALLOWED', `entry ${index}, ${kind}, is signed by a key that was revoked later`)
    return !isRevoked
  })
}

/** What the entries say of rows: stretches by prefix, topic and partition, and rows that they name one by one. */
function accountOf(entries, report) {
  const account = {
    partitions: new Map(),
    stretches: [],
    retried: new Map(),
    redacted: new Map(),
    bus: new Map(),
    gone: [],
    prefixes: new Set()
  }
  const meets = new Map()
  const add = (prefix, topic, partition, stretch) => {
    const key = placeOf(prefix, topic, partition)
    const list = account.partitions.get(key) ?? []
    list.push(stretch)
    account.partitions.set(key, list)
    account.stretches.push(stretch)
  }
  for (const entry of entries) {
    const { index, kind } = entry
    const of = ({ topic, partition, incarnation }) =>
      JSON.stringify([entry.group, entry.prefix, topic, partition, incarnation])
    if (entry.prefix !== undefined) account.prefixes.add(entry.prefix)
    if (kind === 'batch')
      for (const each of entry.stretch) {
        const next = meets.get(of(each))
        const where = `${each.topic}/${each.partition}, offsets ${each.first}-${each.last} (entry ${index})`
        if (next !== undefined && each.first > next) report('OFFSETS_HOLE', `${where}: ${next} should be the first`)
        if (next !== undefined && each.first < next) report('OFFSETS_OVERLAP', `${where}: ${next} should be the first`)
        meets.set(of(each), each.last + 1)
        add(entry.prefix, each.topic, each.partition, {
          ...each,
          where,
          index,
          leaves: new Map(),
          recorded: entry.recorded
        })
      }
    if (kind === 'reset') for (const each of entry.reset) meets.set(of(each), each.to)
    if (kind === 'adopted') {
      for (const each of entry.position) meets.set(of(each), each.next)
      for (const each of entry.block) {
        const topic = entry.prefix + each.event
        const where = `${topic}/${each.partition}, offsets ${each.first}-${each.last} (adopted, entry ${index})`
        add(entry.prefix, topic, each.partition, { ...each, topic, where, index, leaves: new Map() })
      }
      for (const each of entry.bus)
        account.stretches.push({ ...each, where: `bus, adopted (entry ${index})`, index, leaves: new Map(), bus: true })
    }
    if (kind === 'bus') {
      const stretch = {
        rows: entry.id.length,
        root: entry.root,
        where: `bus (entry ${index})`,
        index,
        leaves: new Map(),
        bus: true
      }
      account.stretches.push(stretch)
      for (const id of entry.id) account.bus.set(uuidOf(Buffer.from(id, 'base64url')), stretch)
    }
    if (kind === 'retry') {
      const { topic, partition, offset } = entry.record
      account.retried.set(`${placeOf(entry.prefix, topic, partition)} ${offset}`, entry)
    }
    if (kind === 'redaction') account.redacted.set(entry.event, bytesOf(entry.leaf))
    if (kind === 'retention') account.gone.push(...entry.dropped)
    if (kind === 'loss') account.gone.push(...entry.lost)
  }
  return account
}

const placeOf = (prefix, topic, partition) => JSON.stringify([prefix, topic, partition])

/** Puts the leaf of a row to its place. */
function takeRow(row, account, report) {
  const name = row.offset === null ? `bus, id ${row.id}` : `${row.eventName}/${row.partition}, offset ${row.offset}`
  // The topic of a row is the prefix of its entry and the name of its event.
  const places = [...account.prefixes].map(prefix => placeOf(prefix, prefix + row.eventName, row.partition))
  // A row that was blanked counts as what it was: the entry says so.
  const leaf = account.redacted.get(row.id) ?? row.leaf
  const retried = places.map(each => account.retried.get(`${each} ${row.offset}`)).find(Boolean)
  if (retried) {
    const same = retried.event === row.id && leaf.equals(bytesOf(retried.leaf))
    if (!same) report('ROWS_CHANGED', `${name} (entry ${retried.index}): not what was stored from quarantine`)
    return
  }
  const stretch = row.offset === null ? busStretch(row, account) : stretchOf(row, places, account, name, report)
  if (!stretch) return report('ROW_ADDED', `${name}: no entry accounts for it`)
  const key = row.offset === null ? row.id : row.offset
  if (stretch.leaves.has(key)) report('ROW_TWICE', name)
  stretch.leaves.set(key, leaf)
}

const busStretch = (row, account) =>
  account.bus.get(row.id) ?? account.stretches.find(each => each.bus && each.first <= row.id && row.id <= each.last)

function stretchOf(row, places, { partitions }, name, report) {
  const found = places
    .flatMap(each => partitions.get(each) ?? [])
    .filter(({ first, last }) => first <= row.offset && row.offset <= last)
  // An offset is in several stretches where a topic was replaced, or prefixes share an event: the time says in which.
  const inTime = found.filter(
    ({ recorded }) => !recorded || !row.recorded || (recorded.first <= row.recorded && row.recorded <= recorded.last)
  )
  if (found.length > 0 && inTime.length === 0)
    report('RECORDED_AT_OUTSIDE', `${name}: recorded_at is outside of what its entry says`)
  return inTime[0] ?? found[0]
}

/** Holds the rows of a stretch against its root. */
function closeStretch(stretch, { gone }, report) {
  const { where, rows, root, leaves, first, last } = stretch
  if (rows === 0 && leaves.size === 0) return
  const dropped = gone.some(
    each =>
      each.topic === stretch.topic && each.partition === stretch.partition && each.first <= first && last <= each.last
  )
  if (leaves.size === 0 && dropped) return
  if (leaves.size < rows) return report('ROW_MISSING', `${where}: ${leaves.size} rows of ${rows}`)
  if (leaves.size > rows) return report('ROW_ADDED', `${where}: ${leaves.size} rows, and its entry has ${rows}`)
  const keys = [...leaves.keys()].sort((one, other) => (one < other ? -1 : 1))
  if (!stretchRoot(keys.map(key => leaves.get(key))).equals(bytesOf(root)))
    report('ROWS_CHANGED', `${where}: not what was recorded`)
}

// --- The vectors

function verifyVectors(all, report) {
  const expect = (what, holds) => holds || report('VECTOR_DIFFERS', what)
  const refuses = (what, work) => {
    try {
      work()
    } catch (error) {
      if (error instanceof Finding) return
      throw error
    }
    report('VECTOR_DIFFERS', `${what} is taken`)
  }
  for (const { text, canonical } of all.canonical_json.valid)
    expect(`canonical JSON ${text}`, canonicalJson(text) === canonical)
  for (const text of all.canonical_json.invalid) refuses(`canonical JSON ${text}`, () => canonicalJson(text))

  for (const { row_hex, leaf, id, kafka_offset, event_name } of all.rows) {
    const head = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')
    const [row] = rowsIn(Buffer.concat([head, Buffer.from(row_hex, 'hex'), Buffer.of(0xff, 0xff)]))
    const offset = kafka_offset === null ? null : Number(kafka_offset)
    expect(
      `the row ${id}`,
      row.id === id && row.offset === offset && row.eventName === event_name && base64(row.leaf) === leaf
    )
  }
  const first = Buffer.from(all.rows[0].row_hex, 'hex')
  const leaves = Array.from({ length: 4_097 }, (_, index) => {
    const row = Buffer.from(first)
    row.writeBigInt64BE(4711n + BigInt(index), row.length - 8)
    return sha256(row)
  })
  for (const { rows, root } of all.stretches.roots)
    expect(`the root of ${rows} rows`, base64(stretchRoot(leaves.slice(0, rows))) === root)
  for (const { rows, index, leaf, path, root } of all.stretches.paths)
    expect(
      `the path of row ${index} of ${rows}`,
      base64(leaves[index]) === leaf && base64(rootOfPath(leaves[index], index, rows, path)) === root
    )

  const { aside, quarantined, words: said, kept } = all.digests
  expect('the digest of aside', base64(sha256(aside.lines)) === aside.digest)
  for (const { timestamp, key, value, headers, digest_hex } of quarantined) {
    const time = Buffer.alloc(8)
    time.writeBigInt64BE(BigInt(timestamp))
    const withLength = text => {
      const bytes = text === null ? Buffer.alloc(0) : bytesOf(text)
      const length = Buffer.alloc(4)
      length.writeInt32BE(text === null ? -1 : bytes.length)
      return Buffer.concat([length, bytes])
    }
    const digest = sha256(Buffer.of(2), time, withLength(key), withLength(value), canonicalJson(headers))
    expect('the digest of a quarantined record', digest.toString('hex') === digest_hex)
  }
  expect(
    'the digest of words',
    base64(sha256(Buffer.from(said.salt_hex, 'hex'), canonicalJson(said.words))) === said.digest
  )
  expect('the digest of kept leaves', base64(sha256(...leaves.slice(0, kept.rows))) === kept.digest)

  for (const { note, vkeys, signed } of all.notes.valid)
    expect('a note', String(signersOf(parseNote(note), vkeys.map(keyOf)).map(({ name }) => name)) === String(signed))
  for (const { note, vkeys, why } of all.notes.invalid)
    refuses(`a note (${why})`, () => signersOf(parseNote(note), vkeys.map(keyOf)))

  const hashes = Array.from({ length: 300 }, (_, index) => entryHash(Buffer.from(`entry ${index}`)))
  const headOf = size => ({ size, root: logRoot(hashes.slice(0, size)) })
  expect('the root of no entries', base64(logRoot([])) === all.log.empty_root)
  for (const { size, root } of all.log.roots) expect(`the root of ${size} entries`, base64(headOf(size).root) === root)
  for (const { index, size, path } of all.log.inclusion)
    expect(`entry ${index} of ${size}`, includes(hashes[index], index, size, headOf(size).root, path.map(bytesOf)))
  for (const { older, size, path } of all.log.consistency)
    expect(`${size} entries after ${older}`, continues(headOf(older), headOf(size), path.map(bytesOf)))

  for (const { note, trust } of all.checkpoints.valid)
    expect('a checkpoint', checkCheckpoint(note, parseTrust(trust)).size === 300)
  for (const { note, trust, why } of all.checkpoints.invalid)
    refuses(`a checkpoint (${why})`, () => checkCheckpoint(note, parseTrust(trust)))

  for (const { kind, role, text } of all.entries.valid) {
    const entry = parseEntry(text)
    expect(`an entry ${kind}`, entry.kind === kind && entry.role === role)
  }
  for (const { text, why } of all.entries.invalid) refuses(`an entry (${why})`, () => parseEntry(text))
  const { vkey, note } = all.entries.signed
  expect('a signed entry', signersOf(parseNote(note), [keyOf(vkey)]).length === 1)
}

// --- The command

const usage = `node verify.mjs vectors FILE
node verify.mjs checkpoint FILE --trust FILE
node verify.mjs bundle FOLDER --trust FILE
`

function main([command, path, flag, policy]) {
  const known =
    command === 'vectors'
      ? flag === undefined
      : ['checkpoint', 'bundle'].includes(command) && flag === '--trust' && policy
  if (!known || path === undefined) {
    process.stderr.write(usage)
    return 2
  }
  for (const each of [path, policy]) {
    if (each !== undefined && !existsSync(each)) {
      process.stderr.write(`${each} does not exist\n`)
      return 3
    }
  }
  let findings = 0
  const say = line => process.stdout.write(`${line}\n`)
  const report = (code, message) => {
    findings += 1
    say(`${code}  ${message}`)
  }
  try {
    if (command === 'vectors') {
      verifyVectors(JSON.parse(readFileSync(path, 'utf8')), report)
      say(`vectors     ${findings === 0 ? 'all agree' : `${findings} differ`}`)
    } else {
      const trust = parseTrust(readFileSync(policy, 'utf8'))
      if (command === 'checkpoint') sayCheckpoint(checkCheckpoint(textOf(readFileSync(path)), trust), say)
      else {
        const { checkpoint, entries, rows } = verifyBundle(path, trust, report)
        sayCheckpoint(checkpoint, say)
        say(`entries     ${entries} of ${checkpoint.size} hold`)
        say(`rows        ${rows} recomputed; ${findings === 0 ? 'verified' : `${findings} findings`}`)
        say(
          'not checked here: the lists of duplicates, quarantine and gaps; several groups on one topic; leaves that were kept'
        )
      }
    }
  } catch (error) {
    if (error instanceof Finding) {
      report(error.code, error.message)
      return error.code === 'TRUST_INVALID' ? 2 : 1
    }
    if (error.code === undefined) throw error
    process.stderr.write(`${error.code} ${error.path ?? ''}\n`)
    return 3
  }
  return findings === 0 ? 0 : 1
}

function sayCheckpoint({ origin, size, signed }, say) {
  say(`checkpoint  ${origin}, ${size} entries, signed by ${signed.map(({ name }) => name).join(', ')}`)
}

process.exitCode = main(process.argv.slice(2))
