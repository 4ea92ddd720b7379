/** What they are given: topics full of events. */
export { type FlatKind, FlatRecords, flatTopic } from './flat.ts'
export { type Loaded, load, type RowOutput } from './load.ts'
export { manyNames, plainShape, quizShape, type Shape, shapes } from './shapes.ts'
