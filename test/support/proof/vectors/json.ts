import { canonicalJson } from '../../../../proof/index.ts'

const inJson = [
  '{}',
  '[]',
  ' { "bb" : 1 , "a" : [ 1 , 2.50 , -0 , -0.00 , 1e3 , 1.5E-7 , 9007199254740993 ] } ',
  '{"aa":1,"b":2,"a":3,"é":4,"ab":5,"":6}',
  '{"a":1,"a":{"x":null},"b":true}',
  '"\\u0041\\/\\"\\\\\\b\\f\\n\\r\\t\\u001F\\u0001\\u007f\\u2028é😀\\ud83d\\ude00"',
  '1e21',
  '5e-324',
  '123456789012345678901234567890.1234567890',
  ...['1.50e1', '1.5e-7', '-0e5', '0e-3', '-0.0e1', '1E+2', '1e05', '12.340e1', '123e-2', '-1.5'],
  '[true,false,null]',
  '[{},[],[{}]]',
  '\r\n\t 1\r\n\t ',
  // Keys are equal after their escapes are read, and sorted by the bytes of their UTF-8, not by the units of UTF-16.
  '{"a":1,"\\u0061":2}',
  '{"\\"":1,"\\n":2}',
  '{"\uffff":1,"😀":2,"zzz":3}',
  '{"ÿ":1,"ab":2}',
  // As deep as it may be.
  `${'['.repeat(1_000)}${']'.repeat(1_000)}`
]

const noJson = [
  ...['', '{', '{"a":}', '{a:1}', "{'a':1}", '{"a" 1}', '{"a":1', '{"a":1,}', '{,}', '[1', '[1,]', '[,1]', '[1 2]'],
  ...['"a', '"\\', '"\t"', '"\\x"', '"\\u12g4"', '"\\u12"'],
  ...['"\\ud800"', '"\\udc00"', '"\\ude00\\ud83d"', '"\\ud83d\\u0041"'],
  ...['01', '-01', '+1', '.5', '1.', '1.e1', '1e', '1e+', '-', '--1', '0x1', '1 2', '1,', '// 1'],
  ...['1e131072', '1e-16384', '1e99999999999999999999'],
  // What jsonb refuses: U+0000, also in a key, and digits past those of numeric; and what is too deep.
  ...['"\\u0000"', '{"\\u0000":1}', '10.5e-16383', `${'['.repeat(1_001)}${']'.repeat(1_001)}`],
  ...['NaN', 'Infinity', 'nul', 'True', '\u00a01', '\ufeff1']
]

export const canonicalVectors = (): object => ({
  valid: inJson.map(text => ({ text, canonical: canonicalJson(text) })),
  invalid: noJson
})
