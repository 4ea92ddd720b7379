import { describe, expect, test } from 'vitest'
import { cut, mailValue } from '../../../../consumers/notifier/mail/values.ts'

/** With the letters that have no width shown. */
const shown = (text: string): string => mailValue(text).replaceAll('\u200b', '|')

describe('a value in a mail', () => {
  test.each([
    ['https://win.example/now', 'https:|/|/win.|example/now'],
    ['HTTP://1.2.3.4/', 'HTTP:|/|/1.2.3.4/'],
    ['www.win.example', 'www.|win.|example'],
    ['Go to win.example.', 'Go to win.|example.'],
    ['//win.example', '/|/win.|example'],
    ['ada@win.example', 'ada|@|win.|example'],
    ['mailto:ada@win.example', 'mailto:|ada|@|win.|example'],
    ['tel:0900123', 'tel:|0900123'],
    [
      'b\u00fccher.example \u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444',
      'b\u00fccher.|example \u043f\u0440\u0438\u043c\u0435\u0440.|\u0440\u0444'
    ],
    ['win\u3002example win\uff0eexample', 'win\u3002|example win\uff0e|example'],
    ['xn--80ak6aa92e.com', 'xn--80ak6aa92e.|com'],
    // The direction of what follows is not theirs to turn.
    ['moc.\u202elive', 'moc.|live']
  ])('%j becomes no link', (text, expected) => {
    expect(shown(text)).toBe(expected)
  })

  test.each([
    'Ada Lovelace',
    '87.3 points at 10:30',
    '1.234,50 (of 2.000)',
    'Dear Ada: well done. More soon',
    'a & b'
  ])('%j is left as it is', text => {
    expect(mailValue(text)).toBe(text)
  })

  test('is one line, and of a stated length', () => {
    expect(mailValue('a\r\nBcc: x\u0000y')).toBe('a Bcc: x y')
    expect(mailValue('a'.repeat(1_000))).toBe('a'.repeat(1_000))
    expect(mailValue('a'.repeat(1_001))).toBe(`${'a'.repeat(999)}\u2026`)
    expect(mailValue('abcdef', 4)).toBe('abc\u2026')
  })

  test('is cut between letters', () => {
    expect(cut('\u{1f600}'.repeat(4), 3)).toBe(`${'\u{1f600}'.repeat(2)}\u2026`)
    expect(cut('\u{1f600}'.repeat(3), 3)).toBe('\u{1f600}'.repeat(3))
  })

  test('takes no longer with more signs in it than its length', () => {
    // The worst of each sign: it must come to an end.
    for (const sign of ['.', ':', '/', '@', 'a.', 'a:', '1.'])
      expect(mailValue(sign.repeat(500_000)).length).toBeLessThan(4_000)
  })
})
