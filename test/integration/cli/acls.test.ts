import { expect, test } from 'vitest'
import { runCli } from '../../support/processes/cli.ts'
import { unset } from './environments.ts'

const acls = (...args: string[]) => runCli(['acls', ...args], unset)

test('the rights of a part are printed without a server, as commands and as objects', async () => {
  const { code, stdout } = await acls('sink', '--prefix', 'shop.', '--brokers', 'one:9092', '--principal', 'User:trail')
  expect(code).toBe(0)
  expect(stdout.trimEnd().split('\n')).toEqual([
    'kafka-acls.sh --bootstrap-server one:9092 --add --allow-principal User:trail --operation Read --topic shop. --resource-pattern-type prefixed',
    'kafka-acls.sh --bootstrap-server one:9092 --add --allow-principal User:trail --operation Read --group shop.sink --resource-pattern-type literal'
  ])
  const lines = (await acls('producer', '--events', 'order.placed,order.paid', '--json')).stdout.trimEnd().split('\n')
  expect(lines.map(line => JSON.parse(line) as object)).toMatchObject([
    { principal: 'User:producer', resource: 'topic', name: 'order.placed', pattern: 'literal', operations: ['WRITE'] },
    { principal: 'User:producer', resource: 'topic', name: 'order.paid', pattern: 'literal', operations: ['WRITE'] }
  ])
})

test.each([
  [['everything'], 'Allowed choices are producer'],
  [['group'], '--group is missing'],
  [['sink', '--events', 'Order placed'], 'Expected names of events'],
  [['sink', '--principal', 'trail'], 'Expected a type and a name']
])('%j is refused with what is expected', async (args, words) => {
  const { code, stdout, stderr } = await acls(...args)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toContain(words)
})
