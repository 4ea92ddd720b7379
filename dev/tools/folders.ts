import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The clone that this file is in. */
export const cloneRoot = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

/** The one folder that holds everything the stack makes; git ignores it. Moved by EVENTTRAIL_HOME. */
export const home = resolve(process.env.EVENTTRAIL_HOME || join(cloneRoot, '.eventtrail'))

/** Downloaded servers and what is derived from them; shared by all instances. */
export const partsFolder = join(home, 'parts')

/** A folder per instance: its state, data and logs. */
export const runFolder = join(home, 'run')

/** Logs that belong to no instance. */
export const logsFolder = join(home, 'logs')
