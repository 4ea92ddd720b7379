import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { v7 } from 'uuid'
import { afterAll, describe, expect, it } from 'vitest'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { decodeEnvelope } from '../../../schemas/index.ts'
import { testTopics } from '../../support/kafka/topics.ts'
import { cli, runCli, runProgram } from '../../support/processes/cli.ts'
import { eventually, testEnvironment } from '../../support/stack.ts'

const environment = await testEnvironment()
const { read } = await testTopics(environment)
const folder = await mkdtemp(join(tmpdir(), 'publish-'))
afterAll(() => rm(folder, { recursive: true }))

const publish = (args: readonly string[], input = '') =>
  runCli(['publish', '--example', ...args], environment.env, input)
const example = (name: string, args: readonly string[], env = {}) =>
  runProgram(join(import.meta.dirname, '../../../examples', name), args, { ...environment.env, ...env })
const file = async (name: string, lines: readonly unknown[]): Promise<string> => {
  const path = join(folder, name)
  await writeFile(path, lines.map(line => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''))
  return path
}
const line = (reason: string, more: object = {}) => {
  const id = randomUUID()
  return { aggregate_id: id, payload: { badge_id: id, awarded_to: randomUUID(), reason }, ...more }
}
const stored = async (eventName: string) => {
  const { type } = catalogue.version(eventName)
  return (await read(eventName)).map(({ value, headers }) => ({ ...decodeEnvelope(type, value as Buffer), headers }))
}

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

describe('eventtrail publish', () => {
  it.each([
    ['--actor', 'secret@school.example', 'give the id of the account'],
    ['--traceparent', 'secret', 'a W3C traceparent']
  ])('refuses a %s that is none before it reads a line, and repeats nothing of it', async (flag, value, words) => {
    const { code, stdout, stderr } = await publish(['badge.awarded', flag, value], '{}')
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(flag)
    expect(stderr).toContain(words)
    expect(stderr).not.toContain('secret')
  })

  it('publishes the good lines, reports and keeps the bad ones, and exits with 1', async () => {
    const id = randomUUID()
    const bad = [
      'no json with a secret',
      JSON.stringify(line('x', { actr: 'secret' })),
      JSON.stringify(line(7 as never)),
      JSON.stringify(line('old', { occurred_at: '1492-01-01T00:00:00Z' })),
      JSON.stringify(line('whose', { actor: 'secret@school.example' }))
    ]
    const first = line('first', { id, occurred_at: '2026-09-01T08:00:00.000001Z', actor: 'importer' })
    const path = await file('mixed.ndjson', [
      first,
      bad[0],
      '',
      bad[1],
      line('second', { source: 'import' }),
      bad[2],
      bad[3],
      bad[4]
    ])
    const rejects = join(folder, 'rejects.ndjson')
    const { code, stdout, stderr } = await publish([
      'badge.awarded',
      '--file',
      path,
      '--rejects',
      rejects,
      ...['--source', 'school', '--actor', 'job-1', '--traceparent', traceparent]
    ])
    expect(code).toBe(1)
    expect(stdout).toMatch(/^2 of 7 lines published, 5 bad in [\d.]+ s\n$/)
    expect(stderr.split('\n').map(each => each.split(':')[0])).toEqual([
      'line 2',
      'line 4',
      'line 6',
      'line 7',
      'line 8',
      ''
    ])
    expect(stderr).toContain('`reason` must be a string')
    expect(stderr).toContain('line 7: has an `occurred_at` that is not between 1970 and 9999\n')
    expect(stderr).not.toContain('secret')
    expect(await readFile(rejects, 'utf8')).toBe(bad.map(each => `${each}\n`).join(''))
    const envelopes = await stored('badge.awarded')
    expect(envelopes.map(({ payload }) => (payload as { reason: string }).reason).sort()).toEqual(['first', 'second'])
    expect(envelopes.find(envelope => envelope.id === id)).toMatchObject({
      occurred_at: 1_788_249_600_000_001n,
      headers: { source: 'school', actor: 'importer', traceparent }
    })
    expect(envelopes.find(envelope => envelope.id !== id)).toMatchObject({
      headers: { source: 'import', actor: 'job-1', traceparent }
    })
    expect(stderr).toContain('line 8: badge.awarded: expected `actor` to be an id')
  })

  it('reads standard input, any version of an event, and answers as JSON', async () => {
    const lesson = randomUUID()
    const payload = { lesson_id: lesson, instructor_id: randomUUID(), course_id: randomUUID() }
    const input = `${JSON.stringify({ aggregate_id: lesson, payload })}`
    const { code, stdout, stderr } = await publish(['lesson.published', '--event-version', '1', '--json'], input)
    expect([code, stderr]).toEqual([0, ''])
    expect(JSON.parse(stdout)).toMatchObject({
      event: 'lesson.published',
      lines: 1,
      published: 1,
      bad: 0,
      failed: 0,
      unknown: 0
    })
    const { type } = catalogue.version('lesson.published', 1)
    const [record] = await read('lesson.published')
    expect(decodeEnvelope(type, record?.value as Buffer)).toMatchObject({ schema_version: 1, payload })
  })

  it('passes over a line that is too long without holding it, and continues after it', async () => {
    const long = 'x'.repeat(9 * 1024 * 1024)
    const quiz = { submission_id: randomUUID(), student_id: randomUUID(), quiz_id: randomUUID(), score_raw: 87.3 }
    const path = await file('long.ndjson', [long, { aggregate_id: quiz.submission_id, payload: quiz }])
    const rejects = join(folder, 'long-rejects.ndjson')
    const { code, stderr } = await publish(['quiz.submitted', '--file', path, '--rejects', rejects])
    expect(code).toBe(1)
    expect(stderr).toBe('line 1: is longer than 8388608 bytes\n')
    expect(await readFile(rejects, 'utf8')).toBe(`${long}\n`)
    expect((await stored('quiz.submitted')).map(({ payload }) => payload)).toEqual([quiz])
  })

  it('says after which line it was interrupted', async () => {
    const args = [cli, 'publish', '--example', 'badge.awarded', '--json']
    const child = spawn(process.execPath, args, { env: { ...process.env, ...environment.env }, stdio: 'pipe' })
    const ended = Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)])
    const last = v7()
    child.stdin.write(`${JSON.stringify(line('one'))}\n\n${JSON.stringify(line('two', { id: last }))}\n`)
    await eventually(async () => (await stored('badge.awarded')).some(({ id }) => id === last), {
      what: 'the lines so far are published'
    })
    child.kill('SIGINT')
    const [[code], stdout, stderr] = await ended
    expect([code, stderr]).toEqual([130, 'interrupted after line 3: the rest was not read\n'])
    expect(JSON.parse(stdout)).toMatchObject({ lines: 2, published: 2, interrupted: true, lastLine: 3 })
  })

  it('says with 2 what is called wrongly, before anything is published', async () => {
    const path = await file('one.ndjson', [line('never')])
    const kept = await file('kept.ndjson', ['of an earlier run'])
    const cases: [string[], RegExp, Record<string, string>?][] = [
      [['badge.lost', '--file', path], /no event "badge.lost"/],
      [['badge.awarded', '--event-version', '9', '--file', path], /no version 9/],
      [['badge.awarded', '--event-version', 'x', '--file', path], /'--event-version <n>' argument 'x' is invalid/],
      [['badge.awarded', '--file', join(folder, 'none')], /cannot be read \(ENOENT\)/],
      [['badge.awarded', '--file', folder], /cannot be read \(EISDIR\)/],
      [['badge.awarded', '--file', path, '--rejects', path], /names the file that is read/],
      [['badge.awarded', '--file', path, '--rejects', join(folder, 'no', 'such')], /cannot be written \(ENOENT\)/],
      [['badge.awarded', '--file', path, '--rejects', folder], /cannot be written \(EISDIR\)/],
      [['badge.awarded', '--file', path, '--rejects', kept], /kept\.ndjson of --rejects is not empty/],
      [
        ['badge.awarded', '--file', path, '--prefix', 'no/prefix'],
        /--prefix <text>: expected at most 100 letters, digits, dots, - and _/
      ],
      [['badge.awarded', '--file', path, '--prefix', `${environment.topicPrefix}other.`], /schemas register/]
    ]
    for (const [args, message] of cases) {
      const { code, stderr } = await publish(args)
      expect([code, stderr]).toEqual([2, expect.stringMatching(message)])
    }
    expect(await readFile(path, 'utf8')).not.toBe('')
    expect(await readFile(kept, 'utf8')).toBe('of an earlier run\n')
  })

  it('makes no file for bad lines where there are none', async () => {
    const rejects = join(folder, 'none-rejected.ndjson')
    const { code } = await publish(['badge.awarded', '--rejects', rejects], JSON.stringify(line('good')))
    expect([code, existsSync(rejects)]).toEqual([0, false])
  })

  it('says with 3 which server is unreachable', async () => {
    const input = JSON.stringify(line('never'))
    const kafka = await publish(['badge.awarded', '--brokers', '127.0.0.1:1'], input)
    expect([kafka.code, kafka.stderr]).toEqual([3, expect.stringMatching(/Kafka is unreachable/)])
    const registry = await publish(['badge.awarded', '--registry', 'http://127.0.0.1:1'], input)
    expect([registry.code, registry.stderr]).toEqual([3, expect.stringMatching(/registry .* unreachable/)])
  })
})

describe('the examples', () => {
  it('the import of OULAD publishes what it should, names what it refuses, and has the same ids again', async () => {
    const tables: Record<string, string> = {
      courses: 'code_module,code_presentation,module_presentation_length\nAAA,2013J,268\n',
      assessments: 'code_module,code_presentation,id_assessment\nAAA,2013J,1752\n',
      vle: 'id_site,code_module,code_presentation,activity_type\n1,AAA,2013J,quiz\n2,AAA,2013J,page\n',
      studentAssessment: 'id_assessment,id_student,date_submitted,score\n1752,7,18,78\n1752,8,18,\n1752,9,-1,70\n',
      studentInfo:
        'code_module,code_presentation,id_student,final_result\nAAA,2013J,7,Pass\nAAA,2013J,8,Fail\nAAA,2013J,9,Distinction\n'
    }
    for (const [table, content] of Object.entries(tables)) await writeFile(join(folder, `${table}.csv`), content)
    const prefix = `${environment.topicPrefix}oulad.`
    const { read: readOulad } = await testTopics({ ...environment, topicPrefix: prefix })
    for (let time = 1; time <= 2; time += 1) {
      const { code, stdout, stderr } = await example('oulad/import.ts', [folder, '--json'], {
        TOPIC_PREFIX: prefix
      })
      expect([code, stderr]).toEqual([1, 'studentAssessment.csv, line 3: `score` is empty\n'])
      expect(JSON.parse(stdout)).toEqual({
        published: { 'lesson.published': 2, 'quiz.submitted': 2, 'badge.awarded': 2 },
        total: 6,
        refused: 1
      })
      for (const eventName of catalogue.eventNames) {
        const { type } = catalogue.version(eventName)
        const ids = (await readOulad(eventName)).map(({ value }) => decodeEnvelope(type, value as Buffer).id)
        expect([ids.length, new Set(ids).size]).toEqual([2 * time, 2])
      }
    }
    const wrong = await example('oulad/import.ts', [join(folder, 'nowhere')])
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('There is no courses.csv')])
    for (const folders of [[], [folder, folder]]) {
      const vague = await example('oulad/import.ts', folders)
      expect([vague.code, vague.stderr]).toEqual([2, expect.stringContaining('Name one folder')])
    }
  })
})
