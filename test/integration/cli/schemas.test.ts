import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { createKafkaClient } from '../../../kafka/kafkajs/client.ts'
import { createRegistry } from '../../../schemas/index.ts'
import { runCli } from '../../support/processes/cli.ts'
import { testEnvironment } from '../../support/stack.ts'

const environment = await testEnvironment()
const { topicPrefix, brokers, registryUrl } = environment
const folders: string[] = []
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true })
})

/** A copy of the example that may be changed. */
async function ownFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'eventtrail own-'))
  folders.push(folder)
  for (const event of ['lesson.published', 'quiz.submitted', 'badge.awarded'])
    await cp(join('schemas', 'catalogue', event), join(folder, event), { recursive: true })
  return folder
}

async function change(file: string, edit: (schema: { fields: Record<string, unknown>[] }) => void): Promise<void> {
  const schema = JSON.parse(await readFile(file, 'utf8')) as { fields: Record<string, unknown>[] }
  edit(schema)
  await writeFile(file, JSON.stringify(schema))
}

async function newVersion(dir: string, from: number, edit: (schema: { fields: Record<string, unknown>[] }) => void) {
  await cp(join(dir, `${from}.avsc`), join(dir, `${from + 1}.avsc`))
  await change(join(dir, `${from + 1}.avsc`), edit)
}

describe('schemas register', () => {
  const env = { ...environment.env, TOPIC_PARTITIONS: '3', TOPIC_RETENTION_MS: '3600000' }

  it('makes no topics that nothing could be published to', async () => {
    const prefix = `${topicPrefix}insync.`
    const wrong = { ...env, TOPIC_PREFIX: prefix, TOPIC_MIN_INSYNC_REPLICAS: '2' }
    for (const [replicas, words] of [
      ['1', 'TOPIC_MIN_INSYNC_REPLICAS is more than TOPIC_REPLICATION_FACTOR'],
      ['', 'TOPIC_MIN_INSYNC_REPLICAS is set and TOPIC_REPLICATION_FACTOR is not']
    ] as const) {
      const settings = { ...wrong, TOPIC_REPLICATION_FACTOR: replicas }
      const { code, stderr } = await runCli(['schemas', 'register', '--example'], settings)
      expect(code).toBe(2)
      expect(stderr).toContain(words)
    }
    const { names } = await createRegistry({ url: registryUrl }).subjects()
    expect(names.filter(name => name.startsWith(prefix))).toEqual([])
  })

  it('says how many brokers there are for replicas', async () => {
    const wrong = { ...env, TOPIC_PREFIX: `${topicPrefix}replicas.`, TOPIC_REPLICATION_FACTOR: '3' }
    const { code, stderr } = await runCli(['schemas', 'register', '--example'], wrong)
    expect(stderr).toContain('TOPIC_REPLICATION_FACTOR is 3, and Kafka has 1 broker now')
    expect(code).toBe(2)
  })

  it('registers every version, makes the topics, and changes nothing when it is run again', async () => {
    const first = await runCli(['schemas', 'register', '--example'], env)
    expect(first).toMatchObject({ code: 0 })
    expect(first.stdout).toMatch(/lesson\.published +2 +\d+ +registered +t\w+\.lesson\.published +made/)

    const registry = createRegistry({ url: registryUrl })
    expect(await registry.versions(`${topicPrefix}lesson.published-value`)).toEqual([1, 2])
    await using admin = await createKafkaClient({ brokers }).connectAdmin()
    const topics = await admin.topics()
    for (const name of ['lesson.published', 'quiz.submitted', 'badge.awarded'])
      expect(topics.get(topicPrefix + name)).toBe(3)
    expect(await topicConfig(`${topicPrefix}quiz.submitted`)).toMatchObject({
      'cleanup.policy': 'delete',
      'retention.ms': '3600000',
      'min.insync.replicas': '1'
    })

    const second = await runCli(['schemas', 'register', '--example'], env)
    expect(second).toMatchObject({ code: 0 })
    const third = await runCli(['schemas', 'register', '--example', '--json'], env)
    expect(JSON.parse(third.stdout.split('\n')[0] as string)).toEqual({
      eventName: 'badge.awarded',
      version: 1,
      registeredVersion: 1,
      id: expect.any(Number),
      state: 'there already',
      topic: `${topicPrefix}badge.awarded`,
      topicMade: false
    })
    expect(second.stdout.match(/there already +t\w+\.\S+ +there already/g)).toHaveLength(4)
    expect(await registry.versions(`${topicPrefix}lesson.published-value`)).toEqual([1, 2])
  })

  it('sets the subjects to FULL_TRANSITIVE', async () => {
    const answer = await fetch(`${registryUrl}/config/${topicPrefix}quiz.submitted-value`)
    expect(await answer.json()).toEqual({ compatibilityLevel: 'FULL_TRANSITIVE' })
  })

  it("registers a user's own folder, and a version that is added to it later", async () => {
    const folder = await ownFolder()
    const own = { ...env, TOPIC_PREFIX: `${topicPrefix}own.` }
    expect(await runCli(['schemas', 'register', '--schemas', folder], own)).toMatchObject({ code: 0 })
    await newVersion(join(folder, 'quiz.submitted'), 1, schema =>
      schema.fields.push({ name: 'attempt', type: 'int', default: 1, doc: 'Which try it was.' })
    )
    const check = ['schemas', 'check', '--from', folder, '--against-registry']
    const before = await runCli(check, own)
    expect(before.code).toBe(0)
    expect(before.stdout.match(/^.* is not registered yet$/gm)).toEqual([
      'quiz.submitted version 2 is not registered yet'
    ])
    const added = await runCli(['schemas', 'register', '--from', folder], own)
    expect((await runCli(check, own)).stdout).not.toContain('not registered')
    expect(added.stdout).toMatch(/quiz\.submitted +2 +\d+ +registered .* there already/)
  })

  it('says which setting is missing', async () => {
    const { SCHEMA_REGISTRY_URL: _, ...rest } = environment.env as Record<string, string>
    const missing = await runCli(['schemas', 'register', '--example'], { ...rest, SCHEMA_REGISTRY_URL: '' })
    expect(missing).toMatchObject({ code: 2 })
    expect(missing.stderr).toContain('SCHEMA_REGISTRY_URL is not set')
  })

  it('says when the registry is unreachable', async () => {
    const away = await runCli(['schemas', 'register', '--example'], {
      ...env,
      SCHEMA_REGISTRY_URL: 'http://127.0.0.1:1/'
    })
    expect(away).toMatchObject({ code: 3 })
    expect(away.stderr).toContain('unreachable')
    const elsewhere = new URL('/elsewhere', registryUrl).href
    const wrong = await runCli(['schemas', 'register', '--example'], { ...env, SCHEMA_REGISTRY_URL: elsewhere })
    expect(wrong).toMatchObject({ code: 3 })
    expect(wrong.stderr).toContain('Is the address right?')
  })
})

describe('schemas check', () => {
  let folder: string
  beforeEach(async () => {
    folder = await ownFolder()
  })

  it('is content with the example and with an added field that has a default', async () => {
    expect(await runCli(['schemas', 'check', '--example'])).toMatchObject({ code: 0 })
    await newVersion(join(folder, 'lesson.published'), 2, schema =>
      schema.fields.push({ name: 'language', type: 'string', default: 'en', doc: 'What it is written in.' })
    )
    const added = await runCli(['schemas', 'check', '--from', folder])
    expect(added).toMatchObject({ code: 0 })
    expect(added.stdout).toContain('3 events in 5 versions')
  })

  it('counts one event as one', async () => {
    for (const event of ['lesson.published', 'quiz.submitted']) await rm(join(folder, event), { recursive: true })
    const one = await runCli(['schemas', 'check', '--from', folder])
    expect(one.stdout).toContain('1 event in 1 version: ')
  })

  it('says in words what breaks', async () => {
    await newVersion(join(folder, 'badge.awarded'), 1, schema => {
      schema.fields = schema.fields.filter(({ name }) => name !== 'reason')
    })
    const broken = await runCli(['schemas', 'check', '--from', folder])
    expect(broken).toMatchObject({ code: 1 })
    expect(broken.stdout).toContain(
      '2.avsc: version 2 removes `reason`, which has no default: readers of version 1 cannot read it'
    )
  })

  it('reports a published version that was edited', async () => {
    const env = { ...environment.env, TOPIC_PREFIX: `${topicPrefix}edited.` }
    expect(await runCli(['schemas', 'register', '--example'], env)).toMatchObject({ code: 0 })
    await change(join(folder, 'badge.awarded', '1.avsc'), schema => {
      schema.fields[0] = { ...schema.fields[0], doc: 'Other words.' }
    })
    // The title, which it names, is of version 2.
    await rm(join(folder, 'lesson.published', 'fields.json'))
    await rm(join(folder, 'lesson.published', '2.avsc'))
    const refused = await runCli(['schemas', 'register', '--schemas', folder], env)
    expect(refused).toMatchObject({ code: 1 })
    expect(refused.stderr).toContain('A published version is never edited')
    const edited = await runCli(['schemas', 'check', '--from', folder, '--against-registry'], env)
    expect(edited).toMatchObject({ code: 1 })
    expect(edited.stdout).toContain('badge.awarded version 1 differs from the one that is registered')
    expect(edited.stdout).toContain('lesson.published: version 2 of the registry is in no file of the catalogue')
  })

  it('finds versions by their content: a field that was removed again is the schema of before', async () => {
    const env = { ...environment.env, TOPIC_PREFIX: `${topicPrefix}again.` }
    const event = join(folder, 'badge.awarded')
    const first = await readFile(join(event, '1.avsc'))
    await newVersion(event, 1, schema => schema.fields.push({ name: 'more', type: 'int', default: 0, doc: 'More.' }))
    await writeFile(join(event, '3.avsc'), first)
    const registered = await runCli(['schemas', 'register', '--schemas', folder], env)
    expect(registered).toMatchObject({ code: 0 })
    expect(registered.stderr).toContain('badge.awarded: version 3 of the catalogue is number 1 in the registry')
    await newVersion(event, 3, schema => schema.fields.push({ name: 'other', type: 'int', default: 0, doc: 'Other.' }))
    const args = ['schemas', 'check', '--from', folder, '--against-registry']
    const before = await runCli(args, env)
    expect(before).toMatchObject({ code: 0 })
    expect(before.stdout).toContain('badge.awarded version 4 is not registered yet')
    expect(await runCli(['schemas', 'register', '--schemas', folder], env)).toMatchObject({ code: 0 })
    expect(await runCli(args, env)).toMatchObject({ code: 0 })
  })

  it('brings a subject back that was deleted', async () => {
    const env = { ...environment.env, TOPIC_PREFIX: `${topicPrefix}back.` }
    expect(await runCli(['schemas', 'register', '--example'], env)).toMatchObject({ code: 0 })
    const subject = `${environment.registryUrl}/subjects/${env.TOPIC_PREFIX}badge.awarded-value`
    await fetch(subject, { method: 'DELETE' })
    expect(await runCli(['schemas', 'register', '--example'], env)).toMatchObject({ code: 0 })
    expect((await fetch(`${subject}/versions`)).status).toBe(200)
  })

  it('refuses a version that is the one before it', async () => {
    await newVersion(join(folder, 'badge.awarded'), 1, () => undefined)
    const same = await runCli(['schemas', 'check', '--from', folder])
    expect(same).toMatchObject({ code: 1 })
    expect(same.stdout).toContain('2.avsc: is the same as 1.avsc: remove it, or change something')
  })

  it('says when there is no such folder', async () => {
    const nowhere = await runCli(['schemas', 'check', '--from', join(folder, 'nowhere')])
    expect(nowhere).toMatchObject({ code: 2 })
    expect(nowhere.stderr).toContain('cannot be read')
  })
})

describe('schemas generate', () => {
  it("writes the types of a user's own folder, and notices when they are old", async () => {
    const folder = await ownFolder()
    const out = join(folder, 'types', 'events.ts')
    const args = ['schemas', 'generate', '--from', folder, '--out', out]
    expect(await runCli([...args, '--check'])).toMatchObject({ code: 1 })
    expect(await runCli(args)).toMatchObject({ code: 0 })
    expect(await readFile(out, 'utf8')).toContain("import { type Catalogue, catalogueOf } from 'eventtrail/schemas'")
    expect(await runCli([...args, '--check'])).toMatchObject({ code: 0 })
    await newVersion(join(folder, 'quiz.submitted'), 1, schema =>
      schema.fields.push({ name: 'attempt', type: 'int', default: 1, doc: 'Which try it was.' })
    )
    expect(await runCli([...args, '--check'])).toMatchObject({ code: 1 })
  })

  it('asks for the folder', async () => {
    const asked = await runCli(['schemas', 'generate', '--out', 'x.ts'])
    expect(asked).toMatchObject({ code: 2 })
    expect(asked.stderr).toContain('--schemas <dir>')
  })

  it('says what it cannot write, and ends', async () => {
    const folder = await ownFolder()
    for (const out of ['/proc/nowhere/events.ts', join(folder, 'quiz.submitted', '1.avsc', 'events.ts')]) {
      const refused = await runCli(['schemas', 'generate', '--from', folder, '--out', out])
      expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot be written') })
    }
  })
})

describe('schemas list', () => {
  it('shows what an event carries', async () => {
    const { code, stdout } = await runCli(['schemas', 'list', '--example'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/title +string +""/)
  })

  it('has one JSON object for each event with --json', async () => {
    const { code, stdout } = await runCli(['schemas', 'list', '--example', '--json'])
    expect(code).toBe(0)
    const events = stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(events.map(({ eventName, version }) => `${eventName} ${version}`)).toEqual([
      'badge.awarded 1',
      'lesson.published 2',
      'quiz.submitted 1'
    ])
    expect(events[1].fields).toContainEqual(expect.objectContaining({ name: 'title', type: 'string', default: '' }))
  })
})

async function topicConfig(topic: string): Promise<Record<string, string>> {
  const { kafka } = createKafkaClient({ brokers })
  const admin = kafka.admin()
  await admin.connect()
  try {
    // 2 is a topic; what a topic's own settings are.
    const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [{ type: 2, name: topic }] })
    return Object.fromEntries(
      resources[0]?.configEntries.map(({ configName, configValue }) => [configName, configValue]) ?? []
    )
  } finally {
    await admin.disconnect()
  }
}
