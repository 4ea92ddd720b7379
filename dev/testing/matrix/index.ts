/** The tests that touch servers, against several versions of them. */
export { runMatrix } from './run.ts'
