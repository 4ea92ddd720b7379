/** The trail and the questions of `bench search`. */
export { fillStatements, meanings, months } from './data.ts'
export { type ExportMeasured, measureExport } from './export.ts'
export { type BenchQuestion, benchQuestions } from './questions.ts'
