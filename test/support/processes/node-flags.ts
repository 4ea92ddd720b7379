import { readFileSync } from 'node:fs'

const dockerfile = readFileSync(new URL('../../../Dockerfile', import.meta.url), 'utf8')
const [, entry = '[]'] = /^ENTRYPOINT (.+)$/m.exec(dockerfile) ?? []

/** What the image gives to Node: with it a process of a test holds as much memory as one that is deployed. */
export const nodeFlags: readonly string[] = (JSON.parse(entry) as string[]).filter(word => word.startsWith('--'))
