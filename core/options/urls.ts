import { isIPv6 } from 'node:net'

/** What every message here ends with: such a letter in a password makes another URL of it. */
const hint =
  'Percent-encode such letters in the user name and the password: % as %25, # as %23, / as %2F, ? as %3F, @ as %40, : as %3A'

/**
 * Checks the address of a server: one that cannot be read, or would be read as something else than was meant, is
 * refused. No message repeats any of it, for it may hold a password.
 */
function parsed(text: string, schemes: readonly string[]): URL {
  const words = `expected a URL that begins with ${schemes.map(scheme => `${scheme}://`).join(' or ')}`
  // Callers without types.
  if (typeof text !== 'string' || !schemes.some(scheme => text.startsWith(`${scheme}://`))) throw new Error(words)
  if (/\s/.test(text)) throw new Error('expected a URL without spaces. Percent-encode them as %20')
  if (!URL.canParse(text))
    throw new Error(
      hasPortOutOfRange(text)
        ? 'expected a URL with a port from 1 to 65535'
        : `expected a URL that can be read. ${hint}`
    )
  const url = new URL(text)
  if (url.hash !== '' || text.includes('#')) throw new Error(`expected a URL without #. ${hint}`)
  if (/@/.test(url.pathname)) throw new Error(`expected a URL with one @ after user name and password. ${hint}`)
  for (const part of [url.username, url.password, url.pathname])
    if (!decodes(part)) throw new Error(`expected a URL whose % stand before two hexadecimal digits. ${hint}`)
  return url
}

// What looks like a port in front of a password with a / in it is none.
const hasPortOutOfRange = (text: string): boolean =>
  Number(/^\w+:\/\/(?:[^/?#]*@)?(?:\[[^\]]*\]|[^/?#:@]*):(\d+)(?:[/?#][^@]*)?$/.exec(text)?.[1] ?? 0) > 65_535

function decodes(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

/** Refuses parameters that would be ignored. Their names may be part of a password, so they are not repeated either. */
function onlyKnown(url: URL, known: readonly string[]): void {
  const names = [...url.searchParams.keys()]
  if (new Set(names).size < names.length) throw new Error('expected each parameter after the ? of the URL once')
  if (names.every(name => known.includes(name))) return
  const words =
    known.length === 0
      ? 'expected a URL without parameters (?)'
      : `expected a URL with no parameters after its ? but ${known.join(', ')}; others would have no effect`
  // A ? in a password begins them, too, and the @ after it is among them then.
  throw new Error(url.search.includes('@') ? `${words}. ${hint}` : words)
}

const withoutSlash = (text: string): string => text.replace(/\/+$/, '')

/** The address of a schema registry. @throws Error in words that repeat nothing of it */
export function checkRegistryUrl(text: string): string {
  const url = parsed(text, ['http', 'https'])
  onlyKnown(url, [])
  return withoutSlash(text)
}

/**
 * The addresses of the servers of one schema registry: a list, or a text in which commas separate them.
 * @throws Error in words that repeat nothing of them
 */
export function checkRegistryUrls(given: string | readonly string[]): readonly string[] {
  // A comma may be in a password; one before the next http:// is none of it.
  const urls = typeof given === 'string' ? given.split(/\s*,\s*(?=https?:\/\/)/) : given
  if (!Array.isArray(urls)) throw new Error('expected a URL that begins with http:// or https://, or a list of them')
  if (urls.length === 0) throw new Error('expected at least one URL, got none')
  const checked = urls.map(checkRegistryUrl)
  if (checked.some(url => new URL(url).hostname.includes(',')))
    throw new Error('expected each of several URLs to begin with http:// or https://')
  return checked
}

/** The address of a mail server. @throws Error in words that repeat nothing of it */
export function checkSmtpUrl(text: string): string {
  const url = parsed(text, ['smtp', 'smtps'])
  onlyKnown(url, [])
  if (url.hostname === '') throw new Error('expected a URL with a host')
  if (url.pathname.length > 1) throw new Error(`expected a URL without a path. ${hint}`)
  return withoutSlash(text)
}

const isPort = (text: string | undefined): boolean => Number(text ?? 0) >= 1 && Number(text) <= 65_535

/** The host and the port of a broker; an address of IPv6 is in brackets before its port. */
export function splitBroker(broker: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]*)):(\d+)$/.exec(broker) ?? []
  return { host: bracketed ?? plain ?? broker, port: Number(port) }
}

/** `host:port` of brokers, comma-separated; IPv6 as `[::1]:9092`. @throws Error in words */
export function checkBrokers(hosts: readonly string[]): readonly string[] {
  if (typeof hosts === 'string')
    throw new Error("expected a list of host:port, such as ['localhost:9092'], got one text")
  if (!Array.isArray(hosts)) throw new Error("expected a list of host:port, such as ['localhost:9092']")
  if (hosts.length === 0) throw new Error('expected at least one host:port, got none')
  for (const host of hosts) {
    if (typeof host !== 'string') throw new Error('expected host:port, or several of them')
    if (host.includes('://'))
      throw new Error('expected host:port without a scheme: of PLAINTEXT://host:9092, host:9092')
    if (host.includes('@'))
      throw new Error(
        'expected host:port without user name and password: KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD take them'
      )
    const [, bracketed, port] = /^\[([^\]]*)\]:(\d{1,5})$/.exec(host) ?? []
    if (bracketed !== undefined && isIPv6(bracketed) && isPort(port)) continue
    if (/[[\]]|:.*:/.test(host)) throw new Error('expected an address of IPv6 in brackets, with its port: [::1]:9092')
    if (!isPort(/^[^\s/:?#]+:(\d{1,5})$/.exec(host)?.[1]))
      throw new Error('expected host:port, or several of them, comma-separated, with ports from 1 to 65535')
  }
  return hosts
}

/** What a DATABASE_URL says, apart. */
export interface DatabaseUrl {
  /** Where the server is, whom it is to let in, and how the connection is secured. */
  readonly connectionString: string
  readonly applicationName?: string
  /** Settings of the session that `options` names, in its order. */
  readonly settings: readonly (readonly [name: string, value: string])[]
  /** Certificates and keys: the parameter and its file. */
  readonly files: readonly (readonly [parameter: string, file: string])[]
  /** ms to wait for a connection. */
  readonly connectTimeoutMs?: number
}

const sslModes = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify']
const asVerifyFull = ['prefer', 'require', 'verify-ca']
/** What pg reads by itself. */
const forwarded = [
  'host',
  'port',
  'user',
  'password',
  'sslmode',
  'sslcert',
  'sslkey',
  'sslrootcert',
  'sslnegotiation',
  'uselibpqcompat'
]
const fileParameters = ['sslcert', 'sslkey', 'sslrootcert']
const ours = ['application_name', 'options', 'connect_timeout']

/** Reads the address of a Postgres. @throws Error in words that repeat nothing of it */
export function readDatabaseUrl(text: string): DatabaseUrl {
  const url = parsed(text, ['postgres', 'postgresql'])
  // They ask for safety that would not be there.
  for (const name of ['channel_binding', 'require_auth'])
    if (url.searchParams.has(name))
      throw new Error(
        `expected a URL without ${name}, which the driver pg cannot promise: sslmode=verify-full with sslrootcert=FILE gives the password to no other server`
      )
  onlyKnown(url, [...forwarded, ...ours])
  if (url.hostname.includes(',') || url.hostname.includes('%2C') || url.searchParams.get('host')?.includes(','))
    throw new Error('expected a URL with one host: several are not supported')
  const { searchParams } = url
  const sslmode = searchParams.get('sslmode')
  if (sslmode !== null && !sslModes.includes(sslmode))
    throw new Error(`expected a URL whose parameter sslmode is one of ${sslModes.join(', ')}`)
  const timeout = searchParams.get('connect_timeout')
  if (timeout !== null && !/^\d{1,6}$/.test(timeout))
    throw new Error('expected a URL whose parameter connect_timeout is a whole number of seconds')
  const applicationName = searchParams.get('application_name')
  const settings = settingsOf(searchParams.get('options') ?? '')
  for (const name of ours) searchParams.delete(name)
  // What pg makes of them; by their own names it warns, in six lines, that it will make something else of them one day.
  if (searchParams.get('uselibpqcompat') !== 'true' && asVerifyFull.includes(sslmode ?? ''))
    searchParams.set('sslmode', 'verify-full')
  return {
    connectionString: url.href,
    settings,
    files: fileParameters.flatMap(name => {
      const file = searchParams.get(name)
      return file ? [[name, file] as const] : []
    }),
    ...(applicationName && { applicationName }),
    // As libpq has it: 0 waits without a bound, which nothing here does.
    ...(Number(timeout) > 0 && { connectTimeoutMs: Number(timeout) * 1_000 })
  }
}

/** What Postgres reads from `options` (pg_split_opts): words, in which a backslash keeps a space. */
function settingsOf(options: string): [name: string, value: string][] {
  const words = (options.match(/(?:\\[\s\S]|[^\\\s])+/g) ?? []).map(word => word.replace(/\\([\s\S])/g, '$1'))
  const settings: [string, string][] = []
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] as string
    const given = word === '-c' ? words[++at] : /^(?:-c|--)(.+)$/s.exec(word)?.[1]
    const [, name, value] = /^([\w.-]+)=(.*)$/s.exec(given ?? '') ?? []
    if (name === undefined || value === undefined)
      throw new Error('expected a URL whose parameter options holds settings of the form -c name=value')
    settings.push([name.replaceAll('-', '_'), value])
  }
  return settings
}

/** The address of a Postgres, as it was given. @throws Error in words that repeat nothing of it */
export function checkDatabaseUrl(text: string): string {
  readDatabaseUrl(text)
  return text
}

/** What to do about STARTTLS, where a mail server is talked to. */
export const startTlsModes = ['required', 'opportunistic', 'never'] as const

/** Whether a host is this machine: by its name, its address (IPv6 with or without brackets), a socket, or not given. */
export const isLoopback = (host: string): boolean =>
  host === '' ||
  host.startsWith('/') ||
  host === 'localhost' ||
  /^127(?:\.\d{1,3}){3}$/.test(host) ||
  host === '::1' ||
  host === '[::1]'

/**
 * What to say of a database that is on another machine and talked to without TLS, or with a server that is not checked:
 * password and events are readable on the way. Undefined where neither is so.
 * @param url one that {@link checkDatabaseUrl} let pass
 * @param env pg reads PGSSLMODE where the URL says nothing
 */
export function exposedDatabase(
  url: string,
  env: Readonly<Record<string, string | undefined>> = process.env
): string | undefined {
  const { hostname, searchParams } = new URL(url)
  const host = searchParams.get('host') ?? hostname.replace(/^\[|\]$/g, '')
  if (isLoopback(decodeURIComponent(host))) return undefined
  const files = fileParameters.some(name => searchParams.has(name)) || searchParams.get('sslnegotiation') === 'direct'
  const mode = searchParams.get('sslmode') ?? (files ? 'verify-full' : env.PGSSLMODE)
  const remedy = 'add sslmode=verify-full to DATABASE_URL, and sslrootcert=FILE for a CA of your own'
  if (mode === undefined || mode === 'disable' || !sslModes.includes(mode))
    return `the connection to Postgres is not encrypted: ${remedy}`
  // As libpq has them; pg alone takes both for verify-full.
  const isUnchecked =
    searchParams.get('uselibpqcompat') === 'true' &&
    (mode === 'prefer' || (mode === 'require' && !searchParams.has('sslrootcert')))
  if (mode === 'no-verify' || isUnchecked)
    return `the connection to Postgres is encrypted, but any server is taken for the right one: ${remedy}`
  return undefined
}
