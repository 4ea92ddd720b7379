import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What is on the stage on which the commands are run: each of it is full of content. */
export interface ContentStage {
  /** A record that is held in quarantine. */
  readonly quarantined: string
  /** Of an event name whose topic is there, and of its events. */
  readonly eventName: string
  /** Id of an event of that name that is in the trail. */
  readonly eventId: string
  /** A group with a dead letter at offset 0. */
  readonly group: string
  /** A row of `recipients`. */
  readonly recipient: string
  /** A word that is in a search document. */
  readonly word: string
  /** Where files are written. */
  readonly folder: string
}

type Calls = (stage: ContentStage) => readonly string[][]

/** Commands that print content of events: called so that they do. */
export const printContent: Readonly<Record<string, Calls>> = {
  'trail find': ({ eventId }) => [
    ['trail', 'find', '--event-id', eventId],
    ['trail', 'find', '--event-id', eventId, '--json']
  ],
  'quarantine show': ({ quarantined }) => [['quarantine', 'show', quarantined]],
  'dead-letters show': ({ group }) => [['dead-letters', 'show', '0', '--group', group, '--content']],
  'trail export': ({ eventName }) => [
    ['trail', 'export', '--event', eventName, '--out', '-'],
    ['trail', 'export', '--event', eventName, '--out', '-', '--format', 'csv']
  ],
  'proof export': ({ folder }) => [['proof', 'export', '--out', `${folder}/bundle`]],
  'proof prove': ({ eventId, folder }) => [['proof', 'prove', eventId, '--out', `${folder}/${eventId}.eventproof`]],
  search: ({ word }) => [
    ['search', word],
    ['search', word, '--json']
  ]
}

const inClone = 'for people in a clone, on servers and with events of its own'
const logs = 'runs until it is stopped, and logs names, numbers and codes'
const why = ['--reason', 'a test']

/** Commands that print none: called with content all around them, or why that is not needed. */
export const printNone: Readonly<Record<string, Calls | string>> = {
  'trail disclosures': () => [
    ['trail', 'disclosures'],
    ['trail', 'disclosures', '--json']
  ],
  'quarantine list': () => [
    ['quarantine', 'list'],
    ['quarantine', 'list', '--json']
  ],
  'quarantine purge': () => [
    ['quarantine', 'purge', '--dry-run'],
    ['quarantine', 'purge', '--older-than', '0', ...why]
  ],
  'quarantine retry': ({ quarantined }) => [['quarantine', 'retry', quarantined, ...why]],
  'dead-letters list': ({ group }) => [
    ['dead-letters', 'list', '--group', group],
    ['dead-letters', 'list', '--group', group, '--json']
  ],
  'dead-letters redrive': ({ group }) => [
    ['dead-letters', 'redrive', '--group', group, '--all', '--dry-run'],
    ['dead-letters', 'redrive', '--group', group, '--all', '--no-wait', ...why]
  ],
  'dead-letters discard': ({ group }) => [['dead-letters', 'discard', '--group', group, '--all', '--dry-run']],
  verify: () => [['verify'], ['verify', '--json']],
  doctor: () => [['doctor'], ['doctor', '--json']],
  'groups list': () => [
    ['groups', 'list'],
    ['groups', 'list', '--json']
  ],
  'groups show': ({ group }) => [['groups', 'show', '--group', group, '--over', '100']],
  'groups pause': ({ group }) => [['groups', 'pause', '--group', group, '--wait', '0', ...why]],
  'groups resume': ({ group }) => [['groups', 'resume', '--group', group, '--wait', '0', ...why]],
  'groups rewind': ({ group }) => [['groups', 'rewind', '--group', group, '--to', 'earliest', '--dry-run']],
  'groups replay': ({ group }) => [
    ['groups', 'replay', '--group', group, '--from', '2026-01-01T00:00:00Z', '--dry-run']
  ],
  'sink resume': ({ eventName }) => [['sink', 'resume', '--event', eventName, ...why]],
  'sink accept-gap': ({ eventName }) => [['sink', 'accept-gap', '--event', eventName, '--partition', '0', ...why]],
  'sink forget': ({ eventName }) => [['sink', 'forget', '--event', eventName, ...why]],
  'sink remember': ({ eventName }) => [['sink', 'remember', '--event', eventName, ...why]],
  'sink reset': ({ eventName }) => [
    ['sink', 'reset', '--event', eventName, '--partition', '0', '--to', 'latest', '--force', ...why]
  ],
  'quarantine discard': ({ quarantined }) => [['quarantine', 'discard', quarantined, ...why]],
  'retention list': () => [
    ['retention', 'list'],
    ['retention', 'list', '--json']
  ],
  'retention hold': ({ eventName }) => [['retention', 'hold', '--event', eventName, ...why]],
  'retention release': () => [['retention', 'release', '1', ...why]],
  'retention drop': () => [['retention', 'drop', new Date().toISOString().slice(0, 7), '--dry-run']],
  'proof init': () => [
    [
      'proof',
      'init',
      '--origin',
      'school.example/trail',
      '--keys',
      mkdtempSync(join(tmpdir(), 'eventtrail-keys-')),
      '--keys-only'
    ]
  ],
  'proof adopt': () => [['proof', 'adopt']],
  'proof key list': () => [['proof', 'key', 'list']],
  'proof key add': () => [['proof', 'key', 'add', 'sink-2', '--role', 'sink', '--keys', '/proc/none']],
  'proof key revoke': () => [['proof', 'key', 'revoke', 'sink-1']],
  'proof verify': () => [['proof', 'verify', '--store', 'file:/proc/none', '--trust', '/proc/none']],
  'proof recover': () => [['proof', 'recover', '--store', 'file:/proc/none', '--trust', '/proc/none', ...why]],
  'proof watch': 'prints codes, places and counts of records; it has no trail',
  'proof witness': 'reads the signed sizes of logs, and no trail',
  'proof checkpoint': () => [['proof', 'checkpoint', '--once', '--store', 'file:/proc/none', '--trust', '/proc/none']],
  'schemas list': () => [['schemas', 'list', '--example']],
  'schemas check': () => [['schemas', 'check', '--example']],
  'schemas register': () => [['schemas', 'register', '--example']],
  migrate: () => [['migrate']],
  'inbox sql': () => [['inbox', 'sql']],
  'inbox prune': () => [['inbox', 'prune']],
  acls: () => [['acls', 'sink']],
  'index rebuild': () => [['index', 'rebuild', '--example']],
  'deliveries list': () => [
    ['deliveries', 'list'],
    ['deliveries', 'list', '--json']
  ],
  'deliveries retry': ({ eventName }) => [['deliveries', 'retry', '--code', eventName, ...why]],
  'subscriptions add': ({ eventName, recipient }) => [
    ['subscriptions', 'add', 'theirs', '--events', eventName, '--email', recipient, '--example', ...why]
  ],
  'subscriptions list': () => [
    ['subscriptions', 'list'],
    ['subscriptions', 'list', '--json']
  ],
  'subscriptions disable': () => [['subscriptions', 'disable', 'theirs', ...why]],
  'subscriptions enable': () => [['subscriptions', 'enable', 'theirs', ...why]],
  'subscriptions rotate': () => [['subscriptions', 'rotate', 'theirs', ...why]],
  'subscriptions remove': () => [['subscriptions', 'remove', 'theirs', ...why]],
  'subscriptions test': 'sends a message about no event, and prints what the server answered',
  publish: 'has read no more than the lines that it was given; prints ids, numbers and faults of lines',
  init: 'writes a template',
  'schemas generate': 'writes a file from schemas',
  sink: logs,
  indexer: logs,
  notifier: logs,
  'stack up': inClone,
  'stack down': inClone,
  'stack status': inClone,
  'stack env': inClone,
  test: inClone,
  integrity: inClone,
  matrix: inClone,
  demo: inClone,
  'bench sink': inClone,
  'bench latency': inClone,
  'bench growth': inClone,
  'bench consume': inClone,
  'bench search': inClone,
  'bench proof': inClone
}
