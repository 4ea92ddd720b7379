import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { settings } from '../../../cli/config.ts'
import { connectionFromEnvironment } from '../../../connection/index.ts'
import { alertRules, alertsOfParts, valuesSchema } from '../../../dev/deploy/index.ts'
import { cloneRoot } from '../../../dev/tools/folders.ts'
import { expectGeneratedFile, fencesOf, page } from '../../support/project/docs.ts'

type Values = Readonly<Record<string, unknown>>

const chart = join(cloneRoot, 'deploy', 'helm', 'eventtrail')
const read = (...path: string[]): string => readFileSync(join(chart, ...path), 'utf8')
const defaults = parse(read('values.yaml')) as Values
const templates = readdirSync(join(chart, 'templates')).map(name => ({ name, text: read('templates', name) }))
const schema = valuesSchema(settings)
const check = new Ajv({ allErrors: true, strict: false }).compile(schema)

/** As Helm does: objects are merged, everything else is replaced. */
function merged(below: Values, above: Values): Values {
  const isObject = (value: unknown): value is Values =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
  const entries = Object.entries(above).map(([key, value]) => {
    const old = below[key]
    return [key, isObject(value) && isObject(old) ? merged(old, value) : value]
  })
  return { ...below, ...Object.fromEntries(entries) }
}

function faultsOf(values: Values): string[] {
  check(merged(defaults, values))
  return (check.errors ?? []).map(({ instancePath, keyword }) => `${instancePath} ${keyword}`)
}

test('values.schema.json is that of the settings (UPDATE_DOCS=1 npm test -- --unit test/unit/deploy writes it)', () => {
  expectGeneratedFile('deploy/helm/eventtrail/values.schema.json', `${JSON.stringify(schema, undefined, 2)}\n`)
})

describe('the schema of the values', () => {
  test('takes those of the chart and of its examples', () => {
    expect(faultsOf({})).toEqual([])
    const examples = readdirSync(join(chart, 'ci'))
    expect(examples.length).toBeGreaterThan(2)
    for (const name of examples) expect(faultsOf(parse(read('ci', name)) as Values), name).toEqual([])
  })

  test('refuses a setting that there is not, in every place that takes settings', () => {
    const misspelt = { KAFKA_BROKER: 'kafka:9092' }
    expect(faultsOf({ config: misspelt })).toEqual(['/config additionalProperties'])
    expect(faultsOf({ sink: { config: misspelt } })).toEqual(['/sink/config additionalProperties'])
    expect(faultsOf({ secretEnv: { DATABASE: { name: 'a', key: 'b' } } })).toEqual(['/secretEnv additionalProperties'])
    expect(faultsOf({ sinc: {} })).toEqual([' additionalProperties'])
  })

  test('refuses a password that anyone who may read the release would see', () => {
    expect(faultsOf({ config: { KAFKA_SASL_PASSWORD: 'x' } })).toEqual(['/config additionalProperties'])
    for (const name of ['DATABASE_URL', 'SMTP_URL', 'SCHEMA_REGISTRY_URL']) {
      expect(faultsOf({ config: { [name]: 'https://trail:x@host/trail' } }), name).toEqual([`/config/${name} not`])
      expect(faultsOf({ config: { [name]: 'https://trail@host/trail' } }), name).toEqual([])
    }
    const reference = { name: 'kafka-sink', key: 'password' }
    expect(faultsOf({ secretEnv: { KAFKA_SASL_PASSWORD: reference, DATABASE_URL: reference } })).toEqual([])
    expect(faultsOf({ secretEnv: { KAFKA_SASL_PASSWORD: 'x' } })).toEqual(['/secretEnv/KAFKA_SASL_PASSWORD type'])
  })

  test('knows a secret by its name', () => {
    const named = [
      'KAFKA_SSL_CA_PEM',
      'KAFKA_SSL_KEY_PEM',
      'KAFKA_SSL_KEY_PASSWORD_FILE',
      'X_CLIENT_SECRET',
      'X_TOKEN',
      'X_TOKEN_ENDPOINT_URL'
    ]
    const made = valuesSchema(Object.fromEntries(named.map(env => [env, { env, help: 'x', parse: String }])))
    const { config, secretEnv } = made.definitions as Record<'config' | 'secretEnv', { properties: object }>
    expect(Object.keys(config.properties)).toEqual([
      'KAFKA_SSL_CA_PEM',
      'KAFKA_SSL_KEY_PASSWORD_FILE',
      'X_TOKEN_ENDPOINT_URL'
    ])
    expect(Object.keys(secretEnv.properties)).toEqual(named)
  })

  test('refuses numbers where Helm would write them as floats, and grace periods that kill', () => {
    expect(faultsOf({ config: { TOPIC_RETENTION_MS: 604_800_000 } })).toEqual(['/config/TOPIC_RETENTION_MS type'])
    expect(faultsOf({ sink: { terminationGracePeriodSeconds: 10 } })).toHaveLength(1)
  })

  test('leaves ports and addresses of the status server to the chart', () => {
    expect(faultsOf({ config: { EVENTTRAIL_STATUS_PORT: '1' } })).toEqual(['/config additionalProperties'])
  })
})

/** The settings that a part of the example gets: those of all parts, then its own; a whole URL comes from a Secret. */
function environmentOf(example: Values, part: string): Record<string, string> {
  const env: Record<string, string> = {}
  for (const { config = {}, secretEnv = {} } of [example, example[part]] as Record<string, Record<string, string>>[]) {
    Object.assign(env, config)
    for (const name of Object.keys(secretEnv)) env[name] = 'postgres://trail@db.example.com/trail?sslmode=verify-full'
  }
  return env
}

test.each(['sink', 'indexer', 'notifier'])('the settings of the example go together for %s', part => {
  const env = environmentOf(parse(read('ci', 'all-values.yaml')) as Values, part)
  expect(connectionFromEnvironment({ env, postgres: true })).toMatchObject({
    kafka: { tls: { ca: { file: '/etc/eventtrail/ca/ca.pem' } } },
    postgres: { url: expect.stringContaining('verify-full') }
  })
  // What does not go together is noticed without a server.
  expect(() => connectionFromEnvironment({ env: { ...env, KAFKA_SSL: 'false' } })).toThrow('KAFKA_SSL')
})

describe('the chart', () => {
  test('has the version of the package', () => {
    const { version } = JSON.parse(readFileSync(join(cloneRoot, 'package.json'), 'utf8')) as { version: string }
    expect(parse(read('Chart.yaml'))).toMatchObject({ version, appVersion: version })
  })

  test('reads no value that values.yaml does not have', () => {
    const unknown = templates.flatMap(({ name, text }) =>
      [...text.matchAll(/\.Values\.([\w.]+)/g)].flatMap(([, path = '']) => {
        const found = path.split('.').reduce<unknown>((value, key) => (value as Values | undefined)?.[key], defaults)
        return found === undefined ? [`${name}: ${path}`] : []
      })
    )
    expect(unknown).toEqual([])
  })

  test('reads no key of a part that the defaults do not have', () => {
    // These have no default: a part without them has none.
    const optional = ['image', 'command', 'enabled']
    const known = [...Object.keys(defaults.defaults as Values), ...optional]
    const keys = templates.flatMap(({ text }) => [...text.matchAll(/\$part\.(\w+)/g)].map(([, key = '']) => key))
    expect(keys.length).toBeGreaterThan(15)
    expect(keys.filter(key => !known.includes(key))).toEqual([])
  })

  test('includes no helper that is not defined, and closes what it opens', () => {
    const all = templates.map(({ text }) => text).join('\n')
    const defined = [...all.matchAll(/define "([^"]+)"/g)].map(([, name]) => name)
    const included = [...all.matchAll(/include "([^"]+)"/g)].map(([, name]) => name)
    expect(included.filter(name => !defined.includes(name))).toEqual([])
    for (const { name, text } of templates) {
      const opened = text.match(/\{\{-? *(if|range|with|define)\b/g)?.length ?? 0
      expect(text.match(/\{\{-? *end\b/g)?.length ?? 0, name).toBe(opened)
    }
  })

  test('probes as docs/metrics.md says', () => {
    const [documented] = fencesOf(page('docs/metrics.md')).filter(({ text }) => text.includes('livenessProbe:'))
    const probes = parse(documented?.text ?? '') as Record<string, { httpGet: { path: string } }>
    const [deployment] = templates.filter(({ name }) => name === 'parts.yaml')
    for (const kind of ['livenessProbe', 'readinessProbe']) {
      const { httpGet, ...times } = probes[kind] as { httpGet: { path: string } } & Record<string, number>
      const [, probe = ''] = deployment?.text.split(`${kind}:`) ?? []
      const lines = probe.split('\n').slice(0, 6).join('\n')
      expect(lines).toContain(`path: ${httpGet.path},`)
      for (const [key, value] of Object.entries(times)) expect(lines, kind).toContain(`${key}: ${value}`)
    }
  })

  test('gives a pod no right that it does not need', () => {
    expect(defaults).toMatchObject({
      podSecurityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] }
      },
      networkPolicy: { enabled: true }
    })
    const pods = templates.map(({ text }) => text).join('\n')
    expect(pods.match(/automountServiceAccountToken: false/g)).toHaveLength(3)
  })

  test('ships alert rules that are YAML where it puts them', () => {
    expect(parse(`spec:\n${read('files', 'eventtrail.rules.yml').replace(/^/gm, '  ')}`)).toEqual({
      spec: alertRules(alertsOfParts)
    })
  })
})
