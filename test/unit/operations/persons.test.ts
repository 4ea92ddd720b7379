import { expect, test } from 'vitest'
import { personsOf } from '../../../operations/index.ts'

const event = (payload: unknown) => ({
  eventName: 'thing.done',
  aggregateId: 'the-aggregate',
  payload: JSON.stringify(payload)
})
const fields = (...paths: string[]) => new Map([['thing.done', paths]])

test.each<[string, readonly string[], unknown, readonly string[]]>([
  ['a field', ['student_id'], { student_id: 'ada' }, ['ada']],
  [
    'a UUID in capitals',
    ['id'],
    { id: '0199D6A0-0000-7000-8000-00000000000A' },
    ['0199d6a0-0000-7000-8000-00000000000a']
  ],
  ['two fields', ['from', 'to'], { from: 'ada', to: 'bob' }, ['ada', 'bob']],
  ['one person in two fields', ['from', 'to'], { from: 'ada', to: 'ada' }, ['ada']],
  ['a field of a field', ['who.id'], { who: { id: 'ada' } }, ['ada']],
  ['each element of a list', ['who[].id'], { who: [{ id: 'ada' }, { id: 'bob' }] }, ['ada', 'bob']],
  ['a list of ids', ['who[]'], { who: ['ada', 'bob'] }, ['ada', 'bob']],
  ['the aggregate', ['$aggregate'], {}, ['the-aggregate']],
  ['no one, where the field is null', ['student_id'], { student_id: null }, []],
  ['no one, where the field is absent', ['who.id'], { who: null }, []],
  ['no one, of a name of every object', ['constructor.name'], {}, []]
])('%s', (_, paths, payload, persons) => {
  expect(personsOf(fields(...paths), event(payload))).toEqual(persons)
})

test('of an event whose fields have no meaning it is not known', () => {
  expect(personsOf(new Map(), event({ student_id: 'ada' }))).toBeUndefined()
})
