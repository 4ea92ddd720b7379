/** Headers that a dead letter has besides those of the message. */
export const deadLetterHeaders = {
  group: 'dead-letter-group',
  topic: 'dead-letter-topic',
  partition: 'dead-letter-partition',
  offset: 'dead-letter-offset',
  code: 'dead-letter-code',
  attempts: 'dead-letter-attempts',
  /** What the group does with later messages of the aggregate: `skip` or `park`. */
  policy: 'dead-letter-policy',
  /** When an attempt failed for the first time, as RFC 3339 has it in UTC; also before a redrive. */
  firstFailure: 'dead-letter-first-failure',
  /** Of the service, as the option `version` of the group has it. */
  version: 'dead-letter-version',
  /** What was given to `RejectMessage`. */
  reason: 'dead-letter-reason',
  /** `true` where something of the message is left out; the headers below say what. */
  truncated: 'dead-letter-truncated',
  /** SHA-256 in hexadecimal digits, and length in bytes, of the value that is left out. */
  valueSha256: 'dead-letter-value-sha256',
  valueBytes: 'dead-letter-value-bytes',
  /** The same of the key that is left out. */
  keySha256: 'dead-letter-key-sha256',
  keyBytes: 'dead-letter-key-bytes',
  /** How many headers are left out. */
  headersCount: 'dead-letter-headers-count'
} as const

/** Headers that a dead letter gets when it is sent to its group again, and keeps where it fails again. */
export const redriveHeaders = {
  /** `<id of the dead-letter topic>/<offset>` of the letter. */
  of: 'redrive-of',
  action: 'redrive-action',
  count: 'redrive-count',
  /** Of a message that is no letter, after the last one of an aggregate: the offset that this one had in its first topic. */
  end: 'redrive-end',
  /** Of an event that is no letter: it comes from the trail, by this action. */
  replay: 'replay-action'
} as const

/** The same facts as Kafka Connect writes them (KIP-298): tools that show dead letters know these names. */
export const connectHeaders = {
  topic: '__connect.errors.topic',
  partition: '__connect.errors.partition',
  offset: '__connect.errors.offset',
  connector: '__connect.errors.connector.name',
  task: '__connect.errors.task.id',
  stage: '__connect.errors.stage',
  className: '__connect.errors.class.name',
  exception: '__connect.errors.exception.class.name',
  message: '__connect.errors.exception.message'
} as const
