import fc from 'fast-check'
import type { AvroSchema } from '../../../schemas/avro/schema.ts'
import { anyText } from '../properties.ts'

/** A schema, and the values that may be published with it. */
export interface Typed {
  readonly schema: AvroSchema
  /** In the exact form that readers get. */
  readonly value: fc.Arbitrary<unknown>
  /** As Avro writes a default; undefined where none is made. */
  readonly initial?: fc.Arbitrary<unknown>
}

const reserved = new Set(
  'type name namespace doc fields symbols default aliases order items values size logicalType precision scale'.split(
    ' '
  )
)

/** What has broken generators before: words of JavaScript, and what every object inherits. */
const awkwardNames = [
  ...['constructor', 'toString', 'hasOwnProperty', 'valueOf', 'prototype', 'default', 'class', 'new', 'readonly'],
  ...['get', 'set', 'async', 'await', 'import', 'type', 'name', 'length', 'Events', 'Uint8Array', 'Date', 'JSON', '_']
]
const awkwardTexts = [
  ...[
    '`',
    '$\u007bpwned()}',
    '`+pwned()+`',
    '*/ pwned() /*',
    "'+pwned()+'",
    '"+pwned()+"',
    '\\',
    '\\`',
    '\\u0060',
    '\n'
  ],
  ...['x: pwned(), y', ']: pwned(), [', '@ts-expect-error', '@ts-ignore', '</script>', '\u2028', '\u202e', '\u009b2J'],
  ...['__proto__', 'connect.name', 'confluent:version', 'java-class', '// x', '{@link', '\u0000']
]

export const names = fc.oneof(
  { weight: 3, arbitrary: fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/).filter(name => name !== '__proto__') },
  { weight: 1, arbitrary: fc.constantFrom(...awkwardNames) }
)
// avsc takes the symbol `constructor` for one that appears twice.
export const symbols = names.filter(name => !(name in {}))
const words = fc
  .array(fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom(...awkwardTexts)), { minLength: 1, maxLength: 4 })
  .map(parts => parts.join(''))
export const docs = words.map(text => text || 'Words.')
/** What can be kept: no U+0000, no half of a pair. */
const texts = anyText({ maxLength: 20 }).filter(text => !text.includes('\u0000'))
export const keys = fc.oneof(texts, fc.constantFrom('__proto__', 'constructor', 'map', 'string', 'bytes'))

// One backslash alone is left out: once JSON.parse of V8 13.6 has seen it as a key, it takes others for it
// (https://github.com/nodejs/node/issues/63785).
export const attributes = fc.dictionary(
  fc.oneof(fc.constantFrom(...awkwardTexts), words).filter(name => !reserved.has(name) && name !== '\\'),
  fc.jsonValue({ maxDepth: 2 }).filter(value => !JSON.stringify(value).includes('\\\\":')),
  { maxKeys: 3 }
)

const int = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const long = fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.bigInt({ min: -99n, max: 99n }))
const finite = { noNaN: true, noDefaultInfinity: true } as const
const positive = (value: number): number => value + 0
export const bytes = (size?: number) =>
  fc
    .uint8Array(size === undefined ? { maxLength: 8 } : { minLength: size, maxLength: size })
    .map(each => Buffer.from(each))
const uuid = fc.uuid()
const firstMs = -62_135_596_800_000n
const lastMs = 253_402_300_799_999n
/** Numbers of early 1970 are taken as text only: they look like ms or s of this century. */
const anyTime = (nanos: bigint, min: bigint, max: bigint) =>
  fc.bigInt({ min, max }).filter(units => units < 978_307_200n || units * nanos >= 4_102_444_800_000_000n)

const logicals: readonly Typed[] = [
  { schema: { type: 'string', logicalType: 'uuid' }, value: uuid, initial: uuid },
  {
    schema: { type: 'int', logicalType: 'date' },
    value: fc.integer({ min: -719_162, max: 2_932_896 }),
    initial: fc.integer({ min: 0, max: 30_000 })
  },
  { schema: { type: 'int', logicalType: 'time-millis' }, value: fc.integer({ min: 0, max: 86_399_999 }) },
  { schema: { type: 'long', logicalType: 'time-micros' }, value: fc.bigInt({ min: 0n, max: 86_399_999_999n }) },
  ...['timestamp', 'local-timestamp'].flatMap(kind => [
    {
      schema: { type: 'long', logicalType: `${kind}-millis` },
      value: anyTime(1_000_000n, firstMs, lastMs),
      initial: fc.constant(0)
    },
    {
      schema: { type: 'long', logicalType: `${kind}-micros` },
      value: anyTime(1_000n, firstMs * 1_000n, lastMs * 1_000n + 999n)
    },
    { schema: { type: 'long', logicalType: `${kind}-nanos` }, value: anyTime(1n, -(2n ** 63n), 2n ** 63n - 1n) }
  ])
]

const decimals = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.nat(40)).map(([precision, places]): Typed => {
  const scale = Math.min(places, precision)
  const most = 10n ** BigInt(precision) - 1n
  return {
    schema: { type: 'bytes', logicalType: 'decimal', precision, scale },
    value: fc.bigInt({ min: -most, max: most }).map(unscaled => {
      const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0')
      const whole = digits.slice(0, digits.length - scale)
      return `${unscaled < 0n ? '-' : ''}${whole}${scale > 0 ? `.${digits.slice(-scale)}` : ''}`
    }),
    initial: fc.constantFrom('\u0000', '\u0001', '\u00ff')
  }
})

export const simple: fc.Arbitrary<Typed> = fc.oneof(
  fc.constantFrom<Typed>(
    { schema: 'null', value: fc.constant(null), initial: fc.constant(null) },
    { schema: 'boolean', value: fc.boolean(), initial: fc.boolean() },
    { schema: 'int', value: int, initial: int },
    { schema: 'long', value: long, initial: int },
    { schema: 'float', value: fc.float(finite).map(value => value + 0), initial: int },
    { schema: 'double', value: fc.double(finite).map(positive), initial: fc.double(finite).map(positive) },
    { schema: 'string', value: texts, initial: texts },
    { schema: 'bytes', value: bytes(), initial: bytes().map(each => each.toString('latin1')) }
  ),
  fc.constantFrom(...logicals),
  decimals
)
