import { createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { to as copyTo } from 'pg-copy-streams'
import { expect, onTestFinished, test } from 'vitest'
import { rowColumns } from '../../../proof/index.ts'
import { givenRecord, givenRow } from '../../support/proof/given-rows.ts'
import { provedTrail } from '../../support/proof/proved-trail.ts'
import { runVerifier } from '../../support/proof/verifier.ts'

const trail = await provedTrail()

test('the trail that tests of the proof work on is one that verify.mjs finds clean', async () => {
  await trail.stored([
    { first: 0, last: 39, duplicates: [{ offset: 3, id: '0199d6a0-0000-7000-8000-000000000001' }] },
    { eventName: 'quiz.submitted', partition: 2, first: 7, last: 30, lost: 2 }
  ])
  await trail.stored([{ first: 40, last: 60, quarantined: [givenRecord(41), givenRecord(50, { last: 52 })] }])
  await trail.storedByBus([givenRow('lesson.published', null, null), givenRow('lesson.published', null, null)])
  await trail.seal()
  const folder = mkdtempSync(join(tmpdir(), 'eventtrail-bundle-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  await symlink(trail.folder, join(folder, 'log'))
  for (const name of ['rows', 'lists']) await mkdir(join(folder, name))
  const copyOut = (query: string, file: string, format: string): Promise<void> =>
    trail.inTransaction(client =>
      pipeline(client.query(copyTo(`COPY (${query}) TO STDOUT ${format}`)), createWriteStream(join(folder, file)))
    )
  await copyOut(`SELECT ${rowColumns.join(', ')}, recorded_at FROM event_envelopes`, 'rows/all.copy', '(FORMAT binary)')
  const place = `consumer_group AS "group", topic, partition, incarnation`
  const lists = {
    duplicates: `SELECT ${place}, kafka_offset AS "offset", event_id FROM sink_duplicates`,
    quarantine: `SELECT ${place}, kafka_offset AS "offset", coalesce(kafka_last_offset, kafka_offset) AS last,
      coalesce(first_code, code) AS code,
      encode(digest, 'hex') AS digest, status FROM sink_quarantine`,
    gaps: `SELECT ${place}, first_offset AS first, last_offset AS last FROM sink_gaps`
  }
  for (const [name, query] of Object.entries(lists))
    await copyOut(`SELECT row_to_json(l) FROM (${query}) l`, `lists/${name}.ndjson`, '')
  await writeFile(join(folder, 'trust.txt'), trail.trust)
  const { status, output } = runVerifier(folder, '--trust', join(folder, 'trust.txt'))
  expect(output).toContain('1 duplicates, 2 in quarantine, 1 gaps')
  expect(output).toContain('80 recomputed')
  expect(status, output).toBe(0)
})
