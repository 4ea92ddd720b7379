import { expect, test } from 'vitest'
import { proofFindings } from '../../../operations/doctor/proof.ts'

const well = {
  origin: 'school.example/trail',
  waiting: 2,
  waitingSeconds: 8,
  rejected: 0,
  checkpoint: { size: 1, ageSeconds: 12 }
}

test('entries that wait a while for a checkpoint are no fault, longer ones are', () => {
  expect(proofFindings(well)).toEqual([
    {
      check: 'proof',
      level: 'ok',
      words:
        'the trail is proved by the log school.example/trail; the newest checkpoint is 12 s old and has 1 entry, and 2 more wait for the next one'
    }
  ])
  expect(proofFindings({ ...well, waitingSeconds: 300 })).toMatchObject([{ level: 'ok' }])
  expect(proofFindings({ ...well, waitingSeconds: 301 })).toMatchObject([
    {
      check: 'proof',
      level: 'wrong',
      words: expect.stringMatching(/^2 entries .* the oldest for 5 minutes; the newest checkpoint is 12 s old/)
    }
  ])
})

test('a checkpoint may be old where nothing waits', () => {
  const idle = { ...well, waiting: 0, waitingSeconds: 0, checkpoint: { size: 40, ageSeconds: 259_200 } }
  expect(proofFindings(idle)).toMatchObject([{ level: 'ok', words: expect.stringContaining('is 3 days old') }])
  expect(proofFindings({ ...well, checkpoint: undefined })).toMatchObject([
    { level: 'ok', words: expect.stringContaining('there is no checkpoint yet') }
  ])
})

test('a rejected entry is a fault of its own', () => {
  expect(proofFindings({ ...well, rejected: 1 })).toMatchObject([
    { level: 'ok' },
    { level: 'wrong', words: expect.stringMatching(/^1 entry .* FROM proof_entries WHERE rejected IS NOT NULL/) }
  ])
})
