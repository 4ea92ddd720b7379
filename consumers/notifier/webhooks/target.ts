import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net'

/** What a webhook may call besides public addresses over https. */
export interface TargetRules {
  /** Addresses and networks that are called although they are not public: `10.20.0.0/16`, `127.0.0.1`, `fd00::/8`. */
  readonly allowedNetworks?: readonly string[]
  /** Whether `http://` is called too. Default false. */
  readonly allowHttp?: boolean
}

/** Which targets are called, checked once and again at each attempt. */
export interface TargetCheck {
  /** What is wrong with a URL, as far as it shows: undefined for one that may be called once its name is resolved. */
  urlFault(text: string): string | undefined
  /** Whether a connection to this address is allowed. */
  allows(address: string): boolean
}

const mostLetters = 2_000

/** Networks of IPv4 that are no place for a receiver: RFC 6890 and its followers, and addresses of clouds' metadata. */
const refusedV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32', // Azure
  '169.254.0.0/16', // link-local, the metadata of AWS, Google, Azure
  '172.16.0.0/12',
  '192.0.0.0/24', // 192.0.0.192: Oracle
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3'
]

/** Of IPv6 only what is routed is public; these parts of it are not, or hold an address of IPv4 that would be reached. */
const publicV6 = ['2000::/3']
const refusedV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']

/** @throws Error in words for what is no address and no network */
export function networksOf(texts: readonly string[]): BlockList {
  const list = new BlockList()
  for (const text of texts) {
    const [address = '', bits, ...more] = text.split('/')
    const most = isIPv4(address) ? 32 : 128
    if (
      isIP(address) === 0 ||
      more.length > 0 ||
      (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= most))
    )
      throw new Error('expected addresses and networks such as 127.0.0.1 or 10.20.0.0/16')
    list.addSubnet(address, Number(bits ?? most), isIPv4(address) ? 'ipv4' : 'ipv6')
  }
  return list
}

const refused = networksOf(refusedV4)
const routed = networksOf(publicV6)
const refusedWithin = networksOf(refusedV6)

/** Whether an address is one of the public internet. One of IPv4 that is written as IPv6 never is. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !refused.check(address, 'ipv4')
  if (!isIPv6(address) || address.includes('%') || isMapped(address)) return false
  return routed.check(address, 'ipv6') && !refusedWithin.check(address, 'ipv6')
}

// `::ffff:127.0.0.1` and `::ffff:7f00:1`: BlockList takes them for the IPv4 that they are, from some version of Node on.
const isMapped = (address: string): boolean => /^(?:0*:)*:?(?:0*:)*ffff:/i.test(address)

/** @throws Error in words for `allowedNetworks` that are none */
export function targetCheck({ allowedNetworks = [], allowHttp = false }: TargetRules = {}): TargetCheck {
  const allowed = networksOf(allowedNetworks)
  const allows = (address: string): boolean =>
    isPublicAddress(address) ||
    (!isMapped(address) && isIP(address) > 0 && allowed.check(address, isIPv4(address) ? 'ipv4' : 'ipv6'))
  return {
    allows,
    urlFault(text) {
      const schemes = allowHttp ? ['https:', 'http:'] : ['https:']
      if (text.length > mostLetters) return `a URL of at most ${mostLetters} letters`
      if (!URL.canParse(text)) return 'a URL'
      const { protocol, username, password, hash, hostname } = new URL(text)
      if (!schemes.includes(protocol)) return `a URL that begins with ${schemes.map(each => `${each}//`).join(' or ')}`
      if (username !== '' || password !== '') return 'a URL without user name and password'
      if (hash !== '') return 'a URL without #'
      // `2130706433`, `0x7f.1` and `127.1` are 127.0.0.1 by now: URL has read them as a connection would.
      const literal = hostname.replace(/^\[|\]$/g, '')
      return isIP(literal) === 0 || allows(literal) ? undefined : 'a URL of a public address'
    }
  }
}
