import { execFileSync } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { to as copyTo } from 'pg-copy-streams'
import { expect, test } from 'vitest'
import { cloneRoot } from '../../../dev/tools/folders.ts'
import { rowColumns } from '../../../proof/index.ts'
import { givenRecord, givenRow } from '../../support/proof/given-rows.ts'
import { provedTrail } from '../../support/proof/proved-trail.ts'

const trail = await provedTrail()

test('the trail that tests of the proof work on is one that verify.mjs finds clean', async () => {
  await trail.stored([
    { first: 0, last: 39, duplicates: [{ offset: 3, id: '0199d6a0-0000-7000-8000-000000000001' }] },
    { eventName: 'quiz.submitted', partition: 2, first: 7, last: 30, lost: 2 }
  ])
  await trail.stored([{ first: 40, last: 60, quarantined: [givenRecord(41), givenRecord(50, { last: 52 })] }])
  await trail.storedByBus([givenRow('lesson.published', null, null), givenRow('lesson.published', null, null)])
  await trail.seal()
  await mkdir(join(trail.folder, 'rows'))
  await trail.inTransaction(async client => {
    const copy = `COPY (SELECT ${rowColumns.join(', ')}, recorded_at FROM event_envelopes) TO STDOUT (FORMAT binary)`
    await pipeline(client.query(copyTo(copy)), createWriteStream(join(trail.folder, 'rows/all.copy')))
  })
  const trust = join(trail.folder, 'trust.txt')
  await writeFile(trust, trail.trust)
  const verifier = join(cloneRoot, 'verifier/verify.mjs')
  const answer = execFileSync(process.execPath, [verifier, 'bundle', trail.folder, '--trust', trust], {
    encoding: 'utf8'
  })
  expect(answer).toContain('rows        80 recomputed; verified')
})
