import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { readRows, tableFile } from '../../../examples/oulad/csv.ts'
import {
  badgeAwarded,
  lessonPublished,
  presentationOf,
  quizSubmitted,
  RefusedRow,
  type Row,
  type Tables
} from '../../../examples/oulad/events.ts'
import { entityId, eventId } from '../../../examples/oulad/ids.ts'

const autumn = presentationOf({ code_module: 'AAA', code_presentation: '2013J', module_presentation_length: '268' })
const spring = presentationOf({ code_module: 'BBB', code_presentation: '2014B', module_presentation_length: '234' })
const tables: Tables = {
  presentations: new Map([
    ['AAA 2013J', autumn],
    ['BBB 2014B', spring]
  ]),
  assessments: new Map([
    ['1752', 'AAA 2013J'],
    ['9999', 'CCC 2013J']
  ])
}
const micros = (iso: string) => BigInt(Date.parse(iso)) * 1000n

describe('ids of events', () => {
  it('have the layout of version 7: time in front, the rest from the row', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 281_474_976_710_655_999n }), fc.string(), (time, row) => {
        const id = eventId(time, row)
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
        expect(BigInt(`0x${id.slice(0, 8)}${id.slice(9, 13)}`)).toBe(time / 1000n)
        expect(eventId(time, row)).toBe(id)
      })
    )
  })

  it('differ from row to row, also where the parts only together are the same', () => {
    expect(eventId(0n, 'a', 'bc')).not.toBe(eventId(0n, 'ab', 'c'))
    expect(entityId('student', '1')).not.toBe(entityId('assessment', '1'))
    expect(entityId('student', '11391')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5/)
  })

  it('have no time before 1970', () => {
    expect(() => eventId(-1n, 'x')).toThrow(RangeError)
  })
})

describe('rows', () => {
  it('of courses begin in October or February', () => {
    expect(autumn.start).toBe(micros('2013-10-01T00:00:00Z'))
    expect(spring.start).toBe(micros('2014-02-01T00:00:00Z'))
    expect(() =>
      presentationOf({ code_module: 'A', code_presentation: '2013X', module_presentation_length: '1' })
    ).toThrow(RefusedRow)
  })

  it('of materials are lessons, titled by their activity type', () => {
    const row = { id_site: '546943', code_module: 'AAA', code_presentation: '2013J', activity_type: 'resource' }
    const event = lessonPublished(row, tables)
    expect(event).toMatchObject({
      eventName: 'lesson.published',
      occurredAt: autumn.start,
      actor: entityId('instructor', 'AAA'),
      aggregateId: entityId('site', '546943'),
      payload: { course_id: entityId('course', 'AAA', '2013J'), title: 'resource' }
    })
    expect(lessonPublished(row, tables)).toEqual(event)
  })

  it('of assessments are submissions on their day, which may be before the first', () => {
    const row = { id_assessment: '1752', id_student: '11391', date_submitted: '-1', is_banked: '0', score: '78' }
    expect(quizSubmitted(row, tables)).toMatchObject({
      occurredAt: micros('2013-09-30T00:00:00Z'),
      actor: entityId('student', '11391'),
      payload: { student_id: entityId('student', '11391'), score_raw: 78 }
    })
  })

  it('of students who passed are badges on the last day, of others nothing', () => {
    const row = { code_module: 'BBB', code_presentation: '2014B', id_student: '7', final_result: 'Distinction' }
    expect(badgeAwarded(row, tables)).toMatchObject({
      occurredAt: micros('2014-09-23T00:00:00Z'),
      payload: { reason: 'Distinction in BBB 2014B' }
    })
    expect(badgeAwarded({ ...row, final_result: 'Withdrawn' }, tables)).toBeUndefined()
  })

  const submission = { id_assessment: '1752', id_student: '11391', date_submitted: '1', score: '78' }
  it.each<[Row, string]>([
    [{ ...submission, score: '' }, '`score` is empty'],
    [{ ...submission, score: '?' }, '`score` is empty'],
    [{ ...submission, score: 'seventy' }, '`score` is not a number'],
    [{ ...submission, date_submitted: '1.5' }, '`date_submitted` is not a whole number'],
    [{ ...submission, date_submitted: '-99999' }, 'it is before 1970'],
    [{ ...submission, id_assessment: '1' }, '`id_assessment` is not in the table of assessments'],
    [{ ...submission, id_assessment: '9999' }, 'its presentation is not in the table of courses']
  ])('%j are refused', (row, reason) => {
    expect(() => quizSubmitted(row, tables)).toThrow(new RefusedRow(reason))
  })
})

describe('files', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'oulad-'))
  afterAll(() => rm(folder, { recursive: true }))
  const rows = async (file: string, columns: string[]) => {
    const found = []
    for await (const each of readRows(file, columns)) found.push(each)
    return found
  }

  it('are read plain or gzipped, with the number of each line', async () => {
    const text = 'a,b\r\n1,"x, ""y"""\r\n\r\n2,z\r\n'
    await writeFile(join(folder, 'plain.csv'), text)
    await writeFile(join(folder, 'packed.csv.gz'), gzipSync(text))
    const expected = [
      { row: { a: '1', b: 'x, "y"' }, line: 2 },
      { row: { a: '2', b: 'z' }, line: 4 }
    ]
    expect(await rows(tableFile(folder, 'plain'), ['a', 'b'])).toEqual(expected)
    expect(await rows(tableFile(folder, 'packed'), ['a'])).toEqual(expected)
  })

  it('that are missing, lack a column or are damaged say so', async () => {
    expect(() => tableFile(folder, 'courses')).toThrow('There is no courses.csv or courses.csv.gz')
    await writeFile(join(folder, 'short.csv'), 'a,b\n1,2,3\n')
    await writeFile(join(folder, 'cut.csv.gz'), gzipSync('a,b\n1,2\n'.repeat(1000)).subarray(0, 30))
    await writeFile(join(folder, 'ok.csv'), 'a,b\n1,2\n')
    await expect(rows(join(folder, 'ok.csv'), ['a', 'score'])).rejects.toThrow('has no column score')
    await expect(rows(join(folder, 'short.csv'), ['a'])).rejects.toThrow(
      'cannot be read as CSV (CSV_RECORD_INCONSISTENT_COLUMNS)'
    )
    await expect(rows(join(folder, 'cut.csv.gz'), ['a'])).rejects.toThrow('cannot be read as CSV (Z_BUF_ERROR)')
  })
})
