import { readFileSync } from 'node:fs'

const dockerfile = readFileSync(new URL('../../../Dockerfile', import.meta.url), 'utf8')
const [, entry = '[]'] = /^ENTRYPOINT (.+)$/m.exec(dockerfile) ?? []

/** All that the image gives to Node: a sink of a test may do, and holds, as much as one that is deployed. */
export const imageFlags: readonly string[] = (JSON.parse(entry) as string[]).filter(word => word.startsWith('--'))

/** Those without the permission model, for processes that write files: they still hold as much memory. */
export const nodeFlags: readonly string[] = imageFlags.filter(flag => !/^--(?:permission|allow-)/.test(flag))
