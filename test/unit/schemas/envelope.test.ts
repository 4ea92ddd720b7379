import { describe, expect, it } from 'vitest'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { type AvroRecord, composeEnvelope, envelopeFault, eventNameOf } from '../../../schemas/index.ts'

const payload: AvroRecord = { type: 'record', name: 'LessonPublished', fields: [] }
const envelope = composeEnvelope('lesson.published', payload)
const withFields = (change: (fields: AvroRecord['fields']) => unknown) =>
  ({ ...envelope, fields: change(envelope.fields) }) as AvroRecord
const changed = (name: string, type: unknown) =>
  withFields(fields => fields.map(field => (field.name === name ? { ...field, type } : field)))

describe('composeEnvelope', () => {
  it('puts the payload into the namespace of its event', () => {
    expect(envelope).toMatchObject({ type: 'record', name: 'EventEnvelope', namespace: 'eventtrail.lesson.published' })
    expect(envelope.fields.map(field => field.name)).toEqual([
      'id',
      'aggregate_id',
      'occurred_at',
      'event_name',
      'payload',
      'schema_version'
    ])
    expect(envelope.fields.every(field => field.doc)).toBe(true)
    expect(catalogue.version('lesson.published').type.node).toMatchObject({
      name: 'eventtrail.lesson.published.EventEnvelope'
    })
  })

  it('gives the same text whatever the order of attributes in the file', () => {
    const other: AvroRecord = {
      fields: [],
      namespace: 'eventtrail.lesson.published',
      name: 'LessonPublished',
      type: 'record'
    }
    expect(JSON.stringify(composeEnvelope('lesson.published', other))).toBe(JSON.stringify(envelope))
  })
})

describe('eventNameOf', () => {
  it.each(catalogue.eventNames.map(name => [name]))('knows the envelope of %s', name => {
    for (const { envelope } of catalogue.versions(name)) expect(eventNameOf(envelope)).toBe(name)
  })

  it('knows an envelope that another serializer wrote', () => {
    const { namespace, ...rest } = envelope
    expect(eventNameOf({ ...rest, name: `${namespace}.EventEnvelope` })).toBe('lesson.published')
    expect(eventNameOf(changed('event_name', { type: 'string', 'avro.java.string': 'String' }))).toBe(
      'lesson.published'
    )
    expect(eventNameOf(changed('id', 'string'))).toBe('lesson.published')
    expect(eventNameOf(withFields(fields => fields.toReversed()))).toBe('lesson.published')
  })

  it.each([
    ['a primitive', 'string'],
    ['a union', ['null', 'string']],
    ['a payload alone', payload],
    ['another name', { ...envelope, name: 'Envelope' }],
    ['another namespace', { ...envelope, namespace: 'com.example.lesson.published' }],
    ['no event name', { ...envelope, namespace: 'eventtrail.lesson' }],
    ['an event name in capitals', { ...envelope, namespace: 'eventtrail.Lesson.Published' }],
    ['a field less', withFields(fields => fields.slice(1))],
    ['a field more', withFields(fields => [...fields, { name: 'extra', type: 'int' }])],
    [
      'a field twice',
      withFields(fields => fields.map(field => (field.name === 'id' ? { ...field, name: 'aggregate_id' } : field)))
    ],
    ['milliseconds', changed('occurred_at', { type: 'long', logicalType: 'timestamp-millis' })],
    ['a time without a unit', changed('occurred_at', 'long')],
    ['a version that is no int', changed('schema_version', 'long')],
    ['a payload that is no record', changed('payload', 'string')],
    [
      'a field called toString',
      withFields(fields => fields.map(field => (field.name === 'id' ? { ...field, name: 'toString' } : field)))
    ]
  ])('takes %s for no envelope', (_, schema) => {
    expect(eventNameOf(schema as AvroRecord)).toBeUndefined()
  })
})

describe('envelopeFault', () => {
  it.each([
    ['a field less', withFields(fields => fields.slice(1)), 'has no field `id`'],
    ['a field more', withFields(fields => [...fields, { name: 'extra', type: 'int' }]), 'has fields that an envelope'],
    [
      'milliseconds',
      changed('occurred_at', { type: 'long', logicalType: 'timestamp-millis' }),
      'another type of `occurred_at`'
    ],
    ['another namespace', { ...envelope, namespace: 'com.example' }, 'is not named EventEnvelope in the namespace'],
    ['another name', { ...envelope, name: 'Envelope' }, 'is not named EventEnvelope']
  ])('says why %s is none', (_, schema, words) => {
    expect(envelopeFault(schema as AvroRecord)).toContain(words)
  })

  it.each([
    ['an envelope', envelope],
    ['a payload', { ...payload, fields: [{ name: 'id', type: 'string' }] }],
    ['a primitive', 'string'],
    ['no fields', { type: 'record', name: 'EventEnvelope' }]
  ])('has nothing to say of %s', (_, schema) => {
    expect(envelopeFault(schema as AvroRecord)).toBeUndefined()
  })

  it('repeats no name from elsewhere', () => {
    const schema = withFields(fields => [...fields, { name: 'foreign', type: 'int' }])
    expect(envelopeFault(schema)).not.toContain('foreign')
  })
})
