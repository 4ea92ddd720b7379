import { expect, test } from 'vitest'
import { composeRequest, judgeRequest, parseRequest } from '../../../audit/witness/protocol.ts'
import {
  composeCheckpoint,
  consistencyPath,
  entryHash,
  logRoot,
  readerOf,
  signNote,
  type TreeHead
} from '../../../proof/index.ts'
import { testSigner } from '../../support/proof/keys.ts'
import { testOrigin, testParties } from '../../support/proof/parties.ts'

const { log } = testParties
const read = readerOf(Array.from({ length: 40 }, (_, index) => entryHash(Buffer.from(`entry ${index}`))))
const another = readerOf(Array.from({ length: 40 }, (_, index) => entryHash(Buffer.from(`another ${index}`))))
const head = (size: number, of = read): TreeHead => ({ size, root: logRoot(size, of) })
const noteOf = ({ size, root }: TreeHead, signer = log, origin = testOrigin) =>
  signNote(composeCheckpoint({ origin, size, root }), signer)
const asked = (old: number, size: number, of = read) => ({
  old,
  path: consistencyPath(old, size, of),
  note: noteOf(head(size, of))
})
const judged = (request: Parameters<typeof judgeRequest>[0], seen?: TreeHead) =>
  judgeRequest(request, [log], () => seen)

test('a request is read as it was written, and nothing else is one', () => {
  for (const request of [asked(0, 1), asked(0, 30), asked(7, 30), asked(30, 30)])
    expect(parseRequest(composeRequest(request))).toEqual(request)
  const text = composeRequest(asked(7, 30))
  for (const wrong of ['', 'old 7', text.replace('old 7', 'old 07'), text.replace('old 7', 'new 7'), `\n${text}`])
    expect(judged(parseRequest(wrong))).toMatchObject({ status: 400 })
  expect(parseRequest(text.replace(/\n[A-Za-z0-9+/]{43}=/, '\nAAAA'))).toBeUndefined()
  expect(parseRequest(`old 1\n${`${Buffer.alloc(32).toString('base64')}\n`.repeat(64)}\nx`)).toBeUndefined()
})

test('a log that continues what was seen is cosigned, a new one from its first entry on', () => {
  expect(judged(asked(0, 30))).toMatchObject({ status: 200, checkpoint: { size: 30 } })
  expect(judged(asked(7, 30), head(7))).toMatchObject({ status: 200 })
  expect(judged(asked(30, 30), head(30))).toMatchObject({ status: 200 })
})

test('another past, an older log and another size than the last are refused', () => {
  expect(judged(asked(7, 30, another), head(7))).toMatchObject({ status: 422 })
  expect(judged({ ...asked(7, 30), path: [] }, head(7))).toMatchObject({ status: 422 })
  expect(judged(asked(30, 30, another), head(30))).toEqual({ status: 409, size: 30 })
  expect(judged(asked(0, 30), head(7))).toEqual({ status: 409, size: 7 })
  expect(judged(asked(20, 20), head(30))).toEqual({ status: 409, size: 30 })
  expect(judged({ ...asked(20, 20), old: 30 }, head(30))).toMatchObject({ status: 400 })
})

test('logs and keys that the witness does not know are refused', () => {
  const other = testSigner('other.example/trail')
  const unknown = noteOf(head(3), other, other.name)
  expect(judged({ ...asked(0, 3), note: unknown })).toMatchObject({ status: 404 })
  // Its name, and another key.
  expect(judged({ ...asked(0, 3), note: noteOf(head(3), { ...other, name: testOrigin }) })).toMatchObject({
    status: 403
  })
  const tampered = noteOf(head(3)).replace('\n3\n', '\n4\n')
  expect(judged({ ...asked(0, 3), note: tampered })).toMatchObject({ status: 403 })
  expect(judged({ ...asked(0, 3), note: 'no note' })).toMatchObject({ status: 400 })
})
