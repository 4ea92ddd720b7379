import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { settings } from '../../../cli/config.ts'
import { valuesSchema } from '../../../dev/deploy/index.ts'
import { cloneRoot } from '../../../dev/tools/folders.ts'
import { fencesOf, page } from '../../support/project/docs.ts'

const production = page('docs/production.md')
const fences = fencesOf(production)

/** Of Node itself. */
const others = ['NODE_EXTRA_CA_CERTS', 'EVENTTRAIL_ARGS']

test('every setting that the page names is one', () => {
  const known = [...Object.values(settings).map(({ env }) => env), ...others]
  const named = [
    ...production.text.matchAll(/\b((?:KAFKA|TOPIC|DATABASE|SMTP|SCHEMA|EVENTTRAIL|NODE)_[A-Z_]+[A-Z])\b/g)
  ].map(([, name = '']) => name)
  expect(named.length).toBeGreaterThan(15)
  expect(named.filter(name => !known.includes(name as (typeof known)[number]))).toEqual([])
})

test('the values that it shows are taken by the chart, and a misspelt one would not be', () => {
  const [shown] = fences.filter(({ language }) => language === 'yaml')
  const values = parse(shown?.text ?? '') as { config: object }
  const check = new Ajv({ strict: false }).compile(valuesSchema(settings))
  expect([check(values), check.errors]).toEqual([true, null])
  expect(check({ ...values, config: { ...values.config, KAFKA_BROKER: 'x' } })).toBe(false)
})

test('the units that it installs are there, and the files that these read are those that it makes', () => {
  const folder = join(cloneRoot, 'deploy', 'systemd')
  const units = readdirSync(folder)
  const named = [...production.text.matchAll(/\b(eventtrail-[a-z]+\.(?:service|timer))\b/g)].map(
    ([, name = '']) => name
  )
  expect(named.length).toBeGreaterThan(2)
  expect(named.filter(name => !units.includes(name))).toEqual([])
  const read = units.flatMap(name =>
    [...readFileSync(join(folder, name), 'utf8').matchAll(/^EnvironmentFile=(\/\S+)/gm)].map(([, file = '']) => file)
  )
  expect(new Set(read).size).toBeGreaterThan(1)
  for (const file of read) expect(production.text).toContain(`install -m 0600 /dev/null ${file}`)
})

test('no place is left open, and the rights of every part that logs in are printed', () => {
  expect(production.text).not.toContain('<!-- open')
  const parts = [...production.text.matchAll(/^eventtrail acls (\w+)/gm)].map(([, part]) => part)
  expect(parts.sort()).toEqual(['doctor', 'group', 'producer', 'register', 'sink'])
})
