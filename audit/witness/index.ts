/** Witnesses, which cosign checkpoints of logs that only grow: their client, and one of our own. */
export { type Uncosigned, WitnessClient } from './client.ts'
export { startWitness } from './server.ts'
