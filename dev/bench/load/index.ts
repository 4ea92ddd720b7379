/** What they are given: topics full of events. */
export { type FlatKind, FlatRecords, flatTopic } from './flat.ts'
export { type Loaded, type RowOutput, load } from './load.ts'
export { type Shape, manyNames, plainShape, shapes } from './shapes.ts'
