/** What follows a restore of the database from a backup. */
export { recoverLog } from './recover.ts'
