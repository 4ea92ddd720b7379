/** Time stamps of checkpoints by an authority (RFC 3161). */
export { stampCheckpoint } from './timestamp.ts'
