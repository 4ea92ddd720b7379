import { describe, expect, it, test } from 'vitest'
import { aclCommands } from '../../../../cli/acls/commands.ts'
import { type Grant, grantsOf, type Part, parts, type Scope } from '../../../../cli/acls/grants.ts'

const scope: Scope = { topicPrefix: 'school.', events: [] }
const briefly = (grants: readonly Grant[]) =>
  grants.map(({ resource, name, pattern, operations }) => `${operations.join('+')} ${resource} ${name} ${pattern}`)

describe('the rights of a part', () => {
  it.each<[Part, readonly string[]]>([
    ['producer', ['WRITE topic school. prefixed']],
    ['sink', ['READ topic school. prefixed', 'READ group school.sink literal']],
    [
      'indexer',
      [
        'READ topic school. prefixed',
        'READ group school.indexer literal',
        'WRITE topic school.indexer.dead-letters literal',
        'CREATE topic school.indexer.dead-letters literal',
        'READ+CREATE topic school.indexer.dead-letters-redrive literal',
        'READ+WRITE+CREATE topic school.indexer.dead-letters-parked literal',
        'READ topic school.eventtrail-control literal',
        'WRITE topic school.eventtrail-reports literal'
      ]
    ],
    ['register', ['CREATE+DESCRIBE topic school. prefixed']],
    ['doctor', ['DESCRIBE+DESCRIBE_CONFIGS topic school. prefixed', 'DESCRIBE group school.sink literal']],
    [
      'operator',
      [
        'READ+DESCRIBE_CONFIGS topic school. prefixed',
        'READ+WRITE+CREATE topic school.eventtrail-control literal',
        'READ+CREATE topic school.eventtrail-reports literal',
        'DESCRIBE group school. prefixed'
      ]
    ]
  ])('%s', (part, expected) => {
    expect(briefly(grantsOf(part, scope))).toEqual(expected)
  })

  it('are those of single topics where events are named', () => {
    const events = ['order.placed', 'order.paid']
    expect(briefly(grantsOf('producer', { ...scope, events }))).toEqual([
      'WRITE topic school.order.placed literal',
      'WRITE topic school.order.paid literal'
    ])
  })

  it('are those of a group that is named', () => {
    expect(briefly(grantsOf('sink', { ...scope, group: 'second' }))[1]).toBe('READ group school.second literal')
    expect(briefly(grantsOf('group', { ...scope, group: 'mine' })).slice(1)).toEqual([
      'READ group school.mine literal',
      'WRITE topic school.mine.dead-letters literal',
      'CREATE topic school.mine.dead-letters literal',
      'READ+CREATE topic school.mine.dead-letters-redrive literal',
      'READ+WRITE+CREATE topic school.mine.dead-letters-parked literal',
      'READ topic school.eventtrail-control literal',
      'WRITE topic school.eventtrail-reports literal'
    ])
    expect(briefly(grantsOf('operator', { ...scope, group: 'mine' })).slice(-3)).toEqual([
      'READ topic school.mine.dead-letters literal',
      'READ+WRITE topic school.mine.dead-letters-redrive literal',
      'READ topic school.mine.dead-letters-parked literal'
    ])
  })

  it('are those of all topics where there is no prefix: Kafka refuses a prefix of no letters', () => {
    for (const part of parts)
      expect(grantsOf(part, { topicPrefix: '', events: [] })[0]).toMatchObject({ name: '*', pattern: 'literal' })
  })
})

test('each right is a call of kafka-acls.sh that a shell takes as it is', () => {
  const call = { brokers: ['one:9092', 'two:9092'], principal: 'User:CN=it is', commandConfig: 'admin.properties' }
  expect(aclCommands(grantsOf('doctor', { topicPrefix: '', events: [] }), call)).toEqual([
    "kafka-acls.sh --bootstrap-server one:9092,two:9092 --command-config admin.properties --add --allow-principal 'User:CN=it is' --operation Describe --operation DescribeConfigs --topic '*' --resource-pattern-type literal",
    "kafka-acls.sh --bootstrap-server one:9092,two:9092 --command-config admin.properties --add --allow-principal 'User:CN=it is' --operation Describe --group sink --resource-pattern-type literal"
  ])
  const [line] = aclCommands(grantsOf('sink', scope), { brokers: ['one:9092'], principal: "User:it's" })
  expect(line).toContain(
    `--allow-principal 'User:it'\\''s' --operation Read --topic school. --resource-pattern-type prefixed`
  )
})
