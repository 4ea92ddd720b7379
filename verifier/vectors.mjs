#!/usr/bin/env node
// Holds verify.mjs against the vectors of docs/proof-format.md: node vectors.mjs proof-vectors.json
// Exit codes: 0 all agree, 1 some differ, 2 called in a wrong way.
import { readFileSync } from 'node:fs'
import { bytes, log, texts } from './verify.mjs'

const { base64, bytesOf, copyHead, rowsIn, sha256, stretchRoot, rootOfPath, Finding, fail } = bytes
const { checkCheckpoint, keyOf, parseEntry, parseNote, parseTrust, signersOf } = texts
const { continues, entryHash, includes, logRoot } = log

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
    const [row] = rowsIn(Buffer.concat([copyHead, Buffer.from(row_hex, 'hex'), Buffer.of(0xff, 0xff)]))
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

const [path, ...more] = process.argv.slice(2)
if (path === undefined || more.length > 0) {
  process.stderr.write('node vectors.mjs FILE\n')
  process.exitCode = 2
} else {
  let findings = 0
  verifyVectors(JSON.parse(readFileSync(path, 'utf8')), (code, words) => {
    findings += 1
    process.stdout.write(`${code}  ${words}\n`)
  })
  process.stdout.write(`vectors     ${findings === 0 ? 'all agree' : `${findings} differ`}\n`)
  process.exitCode = findings === 0 ? 0 : 1
}
