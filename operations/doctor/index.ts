/** Whether everything is as it should be: servers, tables, topics, positions. */
export { examine, type Finding } from './doctor.ts'
