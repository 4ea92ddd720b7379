import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { indexerMigrations } from '../../../consumers/indexer/migrations.ts'
import { migrate } from '../../../postgres/migrate.ts'
import { runCli } from '../../support/processes/cli.ts'
import { testTrail } from '../../support/trail.ts'

// Sets the title, clears the screen, colours, turns the text around, and begins lines of its own.
const hostile = '\x1b]0;pwned\x07\x1b[2J\u009b31m\u202eabc\nEVIL LINE\rEVIL\u2028EVIL\tEVIL'
const shown = '\\u{1b}]0;pwned\\u{7}\\u{1b}[2J\\u{9b}31m\\u{202e}abc\\u{a}EVIL LINE'

const trail = await testTrail()
const folder = await mkdtemp(join(tmpdir(), 'terminal-'))
afterAll(() => rm(folder, { recursive: true }))

/** Runs a command; what it printed, none of which a terminal obeys. */
async function printed(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const result = await runCli(args, { ...trail.env, ...env })
  for (const text of [result.stdout, result.stderr]) {
    expect(text).not.toMatch(/[^\P{Cc}\n\t]|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/u)
    for (const line of text.split('\n')) expect(line).not.toMatch(/^EVIL/)
  }
  return result
}

describe('the words of others reach a terminal as text', () => {
  it('in the list of schemas, and in what is wrong with them', async () => {
    const schema = (type: unknown) => ({
      type: 'record',
      name: 'ThingDone',
      doc: hostile,
      fields: [{ name: 'x', type, doc: hostile, default: hostile }]
    })
    for (const [name, type] of [
      ['good', 'string'],
      ['bad', hostile]
    ] as const) {
      await mkdir(join(folder, name, 'thing.done'), { recursive: true })
      await writeFile(join(folder, name, 'thing.done', '1.avsc'), JSON.stringify(schema(type)))
    }
    await mkdir(join(folder, 'broken', 'thing.done'), { recursive: true })
    await writeFile(join(folder, 'broken', 'thing.done', '1.avsc'), hostile)
    expect((await printed(['schemas', 'list', '--from', join(folder, 'good')])).stdout).toContain(shown)
    expect((await printed(['schemas', 'check', '--from', join(folder, 'bad')])).code).toBe(1)
    expect((await printed(['schemas', 'check', '--from', join(folder, 'broken')])).code).toBe(1)
    const list = await printed(['schemas', 'list', '--from', join(folder, 'broken')])
    expect([list.code, list.stderr]).toEqual([2, expect.stringContaining('cannot be read as JSON')])
  })

  it('when the registry says no, and then at most 500 letters of it', async () => {
    const server = createServer((_, response) => {
      response.writeHead(403, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ error_code: 40_301, message: hostile + 'x'.repeat(100_000) }))
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      for (const args of [
        ['schemas', 'register', '--example'],
        ['schemas', 'check', '--example', '--against-registry'],
        ['doctor']
      ]) {
        const { stdout, stderr, code } = await printed(args, { SCHEMA_REGISTRY_URL: url })
        expect(code).not.toBe(0)
        const told = (stdout + stderr).split('\n').filter(line => line.includes(shown))
        expect(told.length).toBeGreaterThan(0)
        for (const line of told) expect(line.length).toBeLessThan(1_000)
      }
      const { stdout } = await printed(['doctor', '--json'], { SCHEMA_REGISTRY_URL: url })
      for (const line of stdout.trim().split('\n')) expect(() => JSON.parse(line)).not.toThrow()
    } finally {
      server.close()
      server.closeAllConnections()
    }
  }, 120_000)

  it('in what is searched', async () => {
    const client = await trail.db.connect()
    await migrate(client, indexerMigrations).finally(() => client.release())
    const title = `fractions ${hostile}`
    await trail.rows(
      `INSERT INTO search_documents (id, text, event_name, occurred_at, event_id)
       VALUES ($1::text, $2, 'book.printed', now(), $1::uuid)`,
      [randomUUID(), title]
    )
    // A line break in what is found is shown as a dot between its lines.
    const line = shown.replace('\\u{a}', ' · ')
    expect((await printed(['search', 'fractions'])).stdout).toContain(`*fractions* ${line}`)
    const { stdout } = await printed(['search', 'fractions', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({ text: title })
  })

  it('in quarantine', async () => {
    await trail.offer('badge.awarded')
    await trail.rows(
      `INSERT INTO sink_quarantine
         (consumer_group, topic, partition, incarnation, kafka_offset, kafka_timestamp, key, value, headers, code, reason)
       VALUES ('g', $1, 0, 1, 0, now(), $2, $2, $3, 'DECODE_FAILED', $4)`,
      [
        `${trail.topicPrefix}badge.awarded`,
        Buffer.from(hostile),
        JSON.stringify([{ key: hostile, value: '' }]),
        hostile
      ]
    )
    const [line, ...others] = (await printed(['quarantine', 'list'])).stdout.trim().split('\n')
    expect(others).toEqual([])
    expect(line?.split('\t')).toHaveLength(7)
    expect(line).toContain(shown)
    const number = line?.split('\t')[0] as string
    const { stdout } = await printed(['quarantine', 'show', number])
    expect(JSON.parse(stdout)).toMatchObject({ reason: hostile })
    const { stdout: json } = await printed(['quarantine', 'list', '--json'])
    expect(JSON.parse(json)).toMatchObject({ reason: hostile })
  })
})
