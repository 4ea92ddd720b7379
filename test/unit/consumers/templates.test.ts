import { describe, expect, test } from 'vitest'
import { badgeAwarded, escapeHtml, mailOf, quizSubmitted } from '../../../consumers/notifier/templates.ts'

const ids = { badge_id: 'b', awarded_to: 'a', submission_id: 's', student_id: 't', quiz_id: 'q' }

describe('templates', () => {
  test('a badge', () => {
    expect(badgeAwarded({ ...ids, reason: 'Ten quizzes & <b>more</b>' }, 'Ada')).toEqual({
      subject: 'You have earned a badge',
      text: 'Dear Ada,\n\nCongratulations: you have earned a badge.\n\nIt is for: Ten quizzes & <b>more</b>\n',
      html:
        '<p>Dear Ada,</p>\n<p>Congratulations: you have earned a badge.</p>\n' +
        '<p>It is for: Ten quizzes &amp; &lt;b&gt;more&lt;/b&gt;</p>'
    })
  })

  test('a marked quiz, with the score as it was given', () => {
    expect(quizSubmitted({ ...ids, score_raw: 87.3 }, '').text).toContain('Hello,\n')
    expect(quizSubmitted({ ...ids, score_raw: 87.3 }, '').text).toContain('87.3 points')
  })

  test('a name or a subject cannot begin a line of its own', () => {
    expect(badgeAwarded({ ...ids, reason: '' }, 'Ada\r\nBcc: all@example.org').text).toContain(
      'Dear Ada Bcc: all@example.org,'
    )
    expect(mailOf('Hello\r\nBcc: all@example.org', []).subject).toBe('Hello Bcc: all@example.org')
  })

  test('HTML is escaped', () => {
    expect(escapeHtml(`<a href="x" title='y'>&`)).toBe('&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;')
  })
})
