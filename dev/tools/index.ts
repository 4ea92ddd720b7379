/** Where a clone keeps its files, and how it installs itself. Never published. */
export { cloneRoot, home, logsFolder, partsFolder, runFolder } from './folders.ts'
export { identify, isAlive, type ProcessIdentity, takeLock } from './lock.mjs'
export { table, whole } from './markdown.ts'
