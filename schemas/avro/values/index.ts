/** Values in JavaScript: which fit a schema, and how defaults complete them. */
export { type Complete, compileCompleter, emptyRecord } from './complete.ts'
export { digitsInWords, type LeafNode, leafCompleter, uuidOf } from './leaves.ts'
export { Refusal } from './refusal.ts'
