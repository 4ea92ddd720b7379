/** Processes of the demo and the benchmark, and what is left of them in their logs. */
export { Child, type ChildOptions, startCli } from './child.ts'
export { lastLines } from './last-lines.ts'
