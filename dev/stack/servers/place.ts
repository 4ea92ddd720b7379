import { chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Instance } from '../instance.ts'

/** Where a server that refuses to run as root runs. */
export interface Place {
  /** The folder of its programs. */
  readonly binaries: string
  /** What belongs to it. */
  readonly base: string
  /** Default: the user of this process. */
  readonly user?: { readonly uid: number; readonly gid: number }
}

/** What a server needs, as it is where no other user is involved. */
export interface Wanted {
  readonly binaries: string
  /** A program or a folder in there that the user must be able to enter. */
  readonly program: string
  /** Folder in the data of the instance. */
  readonly base: string
  /** Name of the copy of the programs, where the user cannot enter the clone. */
  readonly copy: string
}

/**
 * Postgres and OpenSearch refuse to run as root: root runs them as another user. Where that user cannot enter the clone,
 * the programs and the data are in a temporary folder that belongs to the instance.
 */
export function findPlace(instance: Instance, { binaries, program, base, copy }: Wanted): Place {
  if (process.getuid?.() !== 0) {
    mkdirSync(base, { recursive: true, mode: 0o700 })
    return { binaries, base }
  }
  const user = nobody()
  const earlier = instance.state.outside.find(folder => existsSync(join(folder, copy)))
  if (earlier) return { binaries: join(earlier, copy), base: earlier, user }
  if (othersMayEnter(instance.data) && othersMayEnter(join(binaries, program))) {
    // A folder of its own: what is next to it belongs to JVMs of root.
    mkdirSync(base, { recursive: true, mode: 0o700 })
    chownSync(base, user.uid, user.gid)
    return { binaries, base, user }
  }
  const outside = mkdtempSync(join(tmpdir(), 'eventtrail-'))
  instance.update({ outside: [...instance.state.outside, outside] })
  chownSync(outside, user.uid, user.gid)
  cpSync(binaries, join(outside, copy), { recursive: true, verbatimSymlinks: true })
  return { binaries: join(outside, copy), base: outside, user }
}

function nobody(): { uid: number; gid: number } {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find(each => each.startsWith('nobody:'))
  const [, , uid = '65534', gid = '65534'] = line?.split(':') ?? []
  return { uid: Number(uid), gid: Number(gid) }
}

function othersMayEnter(path: string): boolean {
  const passable = (statSync(path).mode & 0o001) !== 0
  return passable && (dirname(path) === path || othersMayEnter(dirname(path)))
}
