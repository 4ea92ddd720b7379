/** What operators of the trail do, with the commands that they have. */
export { type Proof, proveDay } from './proof.ts'
export { type Redrive, redriveLetters } from './redrive.ts'
