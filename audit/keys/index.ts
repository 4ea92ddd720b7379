/** Keys of the proof: their files, and the entries that add them. */
export { beginProof, connectedWriters, type FirstSigners } from './begin.ts'
export { makeKeyFile, readKeyFile, readKeyText } from './files.ts'
export { fillKeyFolder, hasKeys, type KeyFolder, makeOrReadKey } from './folder.ts'
export { addKey, listKeys, revokeKey } from './rotate.ts'
