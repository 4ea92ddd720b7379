import { signatureTypes } from '../../../proof/index.ts'
import { testSigner } from './keys.ts'

/** The name of the log of tests. */
export const testOrigin = 'school.example/trail'

/** All keys of a proved trail, in memory: the same each time. */
export const testParties = {
  root: testSigner(`${testOrigin}/root`),
  log: testSigner(testOrigin),
  sink: testSigner(`${testOrigin}/sink-1`),
  bus: testSigner(`${testOrigin}/bus-1`),
  operator: testSigner(`${testOrigin}/operator`),
  privacy: testSigner(`${testOrigin}/privacy`),
  witness: testSigner('auditor.example/w1', signatureTypes.cosignature)
} as const

const { root, log, witness } = testParties

/** What the auditor trusts: the log, cosigned by one witness. */
export const testTrust = `log ${log.vkey}\nroot ${root.vkey}\nwitness w1 ${witness.vkey}\nquorum w1\n`
