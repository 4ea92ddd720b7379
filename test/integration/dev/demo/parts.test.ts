import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import nodemailer from 'nodemailer'
import { afterAll, expect, test } from 'vitest'
import { Crew } from '../../../../dev/demo/children.ts'
import { openInbox } from '../../../../dev/demo/inbox.ts'
import { queriesAbout } from '../../../../dev/demo/show/report.ts'
import { eventually } from '../../../support/stack.ts'
import { testTrail } from '../../../support/trail.ts'

const logs = mkdtempSync(join(tmpdir(), 'eventtrail-'))
afterAll(() => rmSync(logs, { recursive: true, force: true }))

test('the inbox counts mails, and those that came twice once', async () => {
  const inbox = await openInbox()
  const transport = nodemailer.createTransport(inbox.url)
  const mail = { from: 'a@school.example', to: 'b@school.example', subject: 'Hello', text: 'Hello' }
  for (const messageId of ['<one@school>', '<two@school>', '<one@school>']) {
    await transport.sendMail({ ...mail, messageId })
  }
  expect(inbox).toMatchObject({ mails: 3, distinct: 2 })
  transport.close()
  await inbox.close()
})

test('the questions that the demo prints can be asked', async () => {
  const trail = await testTrail()
  for (const query of queriesAbout('01934567-89ab-7def-8000-000000000001')) expect(await trail.rows(query)).toEqual([])
})

test('a command that fails is reported with its last words', async () => {
  const adopted: (number | undefined)[] = []
  const crew = new Crew({ env: {}, logs, adopt: (_, pid) => adopted.push(pid) })
  await expect(crew.run('migrate')).rejects.toMatchObject({
    code: 'CHILD_FAILED',
    message: expect.stringMatching(/eventtrail migrate ended with 2; its last words:\n.*DATABASE_URL is not set/s)
  })
  expect(adopted).toEqual([expect.any(Number)])
})

test('a process that ends by itself is noticed, one that is stopped or killed is not', async () => {
  const crew = new Crew({ env: { DATABASE_URL: 'postgres://127.0.0.1:1/none' }, logs, adopt: () => undefined })
  const killed = crew.start('schemas', 'list')
  await killed.kill()
  expect(killed.hasEnded).toBe(true)
  crew.check()
  const fallen = crew.start('search', 'anything')
  await eventually(() => fallen.hasEnded, { what: 'the search has failed' })
  expect(() => crew.check()).toThrow(/eventtrail search anything ended with \d/)
  await crew.stop(1_000)
})
