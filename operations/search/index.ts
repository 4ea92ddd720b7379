/** Questions to the trail: answered, rendered, with what could be missing from the answer. */
export { type Completeness, completenessOf } from './completeness.ts'
export { completenessLine, isComplete } from './completeness-words.ts'
export { type FoundField, type FoundPage, findEvents, planQuestion } from './find.ts'
