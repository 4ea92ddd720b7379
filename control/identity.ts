import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { asDate, asRecord, asShortText, asWhole } from './fields.ts'

/** What a member of a group says of itself; shown to all who may describe the group. */
export interface MemberIdentity {
  /** Names the member, also where a process has several. */
  readonly member: string
  readonly host: string
  readonly pid: number
  /** Of the service that the member is part of; undefined where it gave none. */
  readonly version: string | undefined
  /** When it was started. */
  readonly since: Date
}

/** Kafka keeps it with the group, and gives it to each member that leads the group. */
const mostBytes = 1_024

/** @param version of the service; cut off after 100 characters */
export function identityOf(version: string | undefined, now = new Date()): MemberIdentity {
  return {
    member: randomBytes(4).toString('hex'),
    host: hostname().slice(0, 253),
    pid: process.pid,
    version: version?.slice(0, 100),
    since: now
  }
}

export function encodeIdentity({ member, host, pid, version, since }: MemberIdentity): Buffer {
  const bytes = Buffer.from(JSON.stringify({ v: 1, member, host, pid, version, since }))
  // Texts of other alphabets may take more bytes than they have characters.
  return bytes.length <= mostBytes ? bytes : Buffer.from(JSON.stringify({ v: 1, member, host: '', pid, since }))
}

/** Undefined where a member says nothing of itself, or is not of eventtrail. */
export function parseIdentity(about: Buffer): MemberIdentity | undefined {
  const fields = asRecord(about)
  const member = asShortText(fields?.member)
  const since = asDate(fields?.since)
  const pid = asWhole(fields?.pid)
  if (!fields || !member || !since || pid === undefined) return undefined
  return { member, host: asShortText(fields.host) ?? '', pid, version: asShortText(fields.version), since }
}
