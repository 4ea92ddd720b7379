import { describe, expect, test } from 'vitest'
import { compileHtml } from '../../../../cli/mappings/html-template.ts'
import { catalogue } from '../../../../schemas/catalogue/index.ts'

const version = catalogue.version('badge.awarded')
const html = (template: string) => compileHtml(template, version, { withRecipient: true })
/** What a template makes of this value in `payload.reason`. */
const filled = (template: string, reason: string): string =>
  html(template)({ envelope: { event_name: 'badge.awarded', payload: { reason } }, recipient: {} })

describe('a value is escaped for its place', () => {
  const hostile = `"'><script>alert(1)</script>&\r\n`

  test('between tags', () => {
    expect(filled('<p>For {payload.reason}!</p>', hostile)).toBe(
      '<p>For &quot;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;!</p>'
    )
  })

  test('in an attribute that is text, whatever its quotes', () => {
    for (const quote of ['"', "'"])
      expect(filled(`<img alt=${quote}{payload.reason}${quote} src="https://a.example/b.png">`, hostile)).toBe(
        `<img alt=${quote}&quot;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;${quote} src="https://a.example/b.png">`
      )
  })

  test.each([
    ['https://a.example/?a=1&b="2"', 'https://a.example/?a=1&amp;b=%222%22'],
    ['mailto:ada@a.example', 'mailto:ada@a.example'],
    ['javascript:alert(1)', '#'],
    [' java\nscript:alert(1)', '#'],
    ['data:text/html,x', '#'],
    ['//a.example', '#'],
    [`https://a.example/${'a'.repeat(2_000)}`, '#'],
    ['', '#']
  ])('as an address: %j', (value, expected) => {
    expect(filled('<a href="{payload.reason}">', value)).toBe(`<a href="${expected}">`)
  })

  test('an address that is none is replaced by the text after |, where that is one', () => {
    expect(filled('<a href="{payload.reason|https://a.example/help}">', 'javascript:x')).toBe(
      '<a href="https://a.example/help">'
    )
  })

  test.each([
    ['a/b?c&d=e#f', 'a%2Fb%3Fc%26d%3De%23f'],
    ['javascript:alert(1)', 'javascript%3Aalert(1)'],
    ['"><b>', '%22%3E%3Cb%3E'],
    ['\ud800', '%EF%BF%BD'],
    ['a'.repeat(1_001), `${'a'.repeat(999)}%E2%80%A6`]
  ])('as a part of an address: %j', (value, expected) => {
    expect(filled('<a href="https://a.example/orders/{payload.reason}">', value)).toBe(
      `<a href="https://a.example/orders/${expected}">`
    )
  })

  test('a second value in an address never begins it', () => {
    expect(filled('<a href="{payload.reason}{payload.reason}">', 'javascript:x')).toBe('<a href="#javascript%3Ax">')
  })
})

test('a value that is empty is replaced by the text after |, escaped too', () => {
  expect(filled('Dear {payload.reason|A & B},', '')).toBe('Dear A &amp; B,')
})

test.each([
  '<a href={payload.reason}>',
  '<a {payload.reason}>',
  '<{payload.reason}>',
  '</{payload.reason}>',
  '<p onclick="{payload.reason}">',
  '<p style="color: {payload.reason}">',
  '<img srcset="{payload.reason}">',
  '<a HREF="x" style=\'{payload.reason}\'>',
  '<script>{payload.reason}</script>',
  '<style>p { color: {payload.reason} }</style>',
  '<title>{payload.reason}</title>',
  '<!-- {payload.reason} -->',
  '<p title="a" {payload.reason}="b">',
  '<form action="{payload.reason}">',
  '<meta content="{payload.reason}">'
])('no value is safe in %s', template => {
  expect(() => html(template)).toThrow()
})

test.each([
  '<p title="',
  '<p',
  '<!-- a',
  '<script>a',
  'a < b',
  'a <'
])('HTML that is not complete is refused: %s', template => {
  expect(() => html(template)).toThrow(/ends within|written as &lt;/)
})

test.each([
  '<!DOCTYPE html><html><head><style>p > a { color: red }</style><title>Hello</title></head><body>',
  '<br/><img src="a.png" alt=b hidden><!-- {not a placeholder} < > -->',
  '<script>if (1 < 2) "</p>"</script>',
  '<p title=\'a > b\' lang="en">&lt;</p>'
])('what has no placeholder stays as it is: %s', template => {
  expect(filled(`${template}{payload.reason}`, 'x')).toBe(`${template}x`)
})

test('a placeholder that the event does not have is named', () => {
  expect(() => html('<p>{payload.none}</p>')).toThrow(/^\{payload\.none\}: badge\.awarded has no field of this name$/)
  expect(() => html('<p style="{payload.reason}">')).toThrow(
    /^\{payload\.reason\}: it is allowed in the attributes href/
  )
})
