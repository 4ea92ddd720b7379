/** Options: what they may be, and the one error when they are not. A room lists a rule for each of its options. */
export { checkOptions, checkOrder, givenOnly, refuseOldNames } from './check.ts'
export { longestTimerMs } from './durations.ts'
export { misspeltOption } from './misspelt.ts'
export { OptionsError, optionsErrorCodes } from './options-error.ts'
export { type Rule, type Rules, rule } from './rules.ts'
export {
  checkBrokers,
  checkDatabaseUrl,
  checkRegistryUrl,
  checkRegistryUrls,
  checkSmtpUrl,
  type DatabaseUrl,
  exposedDatabase,
  isLoopback,
  readDatabaseUrl,
  splitBroker,
  startTlsModes
} from './urls.ts'
