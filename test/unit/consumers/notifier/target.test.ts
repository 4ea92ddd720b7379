import { describe, expect, test } from 'vitest'
import { isPublicAddress, networksOf, targetCheck } from '../../../../consumers/notifier/webhooks/target.ts'

describe('an address', () => {
  test.each([
    ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '100.100.100.200', '127.0.0.1', '127.255.255.254', '168.63.129.16'],
    ...['169.254.169.254', '172.16.0.1', '172.31.255.255', '192.0.0.192', '192.0.2.1', '192.168.1.1', '198.18.0.1'],
    ...['198.51.100.7', '203.0.113.7', '224.0.0.1', '240.0.0.1', '255.255.255.255'],
    ...['::', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1', '0:0:0:0:0:ffff:8.8.8.8', '::127.0.0.1', '64:ff9b::7f00:1'],
    ...['100::1', 'fc00::1', 'fd00:ec2::254', 'fe80::1', 'fe80::1%eth0', 'fec0::1', 'ff02::1'],
    ...['2001::1', '2001:db8::1', '2002:7f00:1::', '3fff::1', 'no address', '']
  ])('%s is not public', address => {
    expect(isPublicAddress(address)).toBe(false)
  })

  test.each([
    ...[
      '1.1.1.1',
      '8.8.8.8',
      '100.63.255.255',
      '100.128.0.1',
      '172.15.0.1',
      '172.32.0.1',
      '192.0.1.1',
      '223.255.255.255'
    ],
    ...['2606:4700::1111', '2a00:1450:4001::1', '2001:4860:4860::8888']
  ])('%s is', address => {
    expect(isPublicAddress(address)).toBe(true)
  })
})

describe('a URL', () => {
  const { urlFault } = targetCheck()

  test.each([
    'https://example.org/hooks?token=1',
    'https://example.org:8443/',
    'https://1.1.1.1/',
    'https://[2606:4700::1111]/'
  ])('%s may be called', url => expect(urlFault(url)).toBeUndefined())

  // What a browser, and a connection, take for 127.0.0.1 and its like.
  test.each([
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://0177.0.0.1/',
    'https://127.1/',
    'https://127.0.0.1./',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://169.254.169.254/latest/meta-data',
    'https://[fd00:ec2::254]/',
    'https://１２７.0.0.1/'
  ])('%s leads inside', url => {
    expect(urlFault(url)).toBe('a URL of a public address')
  })

  test.each([
    ['http://example.org/', /begins with https:/],
    ['http://2130706433', /begins with https:/],
    ['ftp://example.org/', /begins with https:/],
    ['javascript:alert(1)', /begins with https:/],
    ['https://user:secret@example.org/', /without user name/],
    ['https://example.org/#part', /without #/],
    ['example.org', /a URL/],
    ['', /a URL/],
    [`https://example.org/${'a'.repeat(2_000)}`, /2000 letters/]
  ])('%s is none that is called', (url, words) => {
    expect(urlFault(url)).toMatch(words)
  })
})

test('what is allowed is called: over http too where that is allowed', () => {
  const { allows, urlFault } = targetCheck({ allowedNetworks: ['127.0.0.0/8', 'fd00::/8'], allowHttp: true })
  expect([urlFault('http://127.0.0.1:8080/'), urlFault('https://[fd00::7]/')]).toEqual([undefined, undefined])
  expect([allows('127.0.0.1'), allows('fd12::1'), allows('10.0.0.1'), allows('::1')]).toEqual([
    true,
    true,
    false,
    false
  ])
  // An address of IPv4 that is written as IPv6 is not what was allowed.
  expect(allows('::ffff:127.0.0.1')).toBe(false)
})

test.each([
  '',
  '10.0.0.0/33',
  '10.0.0',
  'example.org',
  '::1/129',
  '10.0.0.0/',
  '10.0.0.0/8/9x'
])('%j is no network', text => {
  expect(() => networksOf([text])).toThrow(/^expected addresses and networks/)
})
