/** Primitives that know no room: errors, clocks, waits, names, JSON, loggers. */
export { onAbort } from './aborted.ts'
export { type BackoffOptions, backoffMs, pause, retry } from './backoff.ts'
export { CleanUps, onlyOnce } from './clean-ups.ts'
export { type Clock, machineClock, regularly, within } from './clock.ts'
export { mapConcurrently } from './concurrency.ts'
export {
  ConfigError,
  type ConfigErrorCode,
  configErrorCodes,
  describeError,
  type ErrorCodes,
  EventtrailError,
  isDefect,
  isWrongLogin,
  readOnly,
  type SafeError,
  safeError,
  UsageError,
  usageErrorCodes
} from './errors.ts'
export {
  exchange,
  type Incoming,
  isToken,
  type LimitedToken,
  maxTokenAnswerBytes,
  TimedOut,
  TokenKeeper,
  tokenIn,
  tokenRequest,
  Unacceptable
} from './http/index.ts'
export { DuplicateKeyError, isObject, parseJson, plainNumber } from './json.ts'
export {
  type DrainOptions,
  type Ending,
  type Handle,
  Lifecycle,
  type LifecycleState,
  type LifeView,
  notRunning,
  unlessAborted
} from './lifecycle.ts'
export { type Logger, type LogLevel, logLevels, silentLogger } from './logger.ts'
export {
  counted,
  few,
  isSchemaName,
  isSourceName,
  isTopicPrefix,
  legalCharacters,
  schemaWords,
  sourceNameWords
} from './names.ts'
export {
  checkBrokers,
  checkDatabaseUrl,
  checkOptions,
  checkOrder,
  checkRegistryUrl,
  checkRegistryUrls,
  checkSmtpUrl,
  type DatabaseUrl,
  exposedDatabase,
  givenOnly,
  isLoopback,
  longestTimerMs,
  misspeltOption,
  OptionsError,
  optionsErrorCodes,
  type Rule,
  type Rules,
  readDatabaseUrl,
  refuseOldNames,
  rule,
  splitBroker,
  startTlsModes
} from './options/index.ts'
export { mostServerText, printable, printableJson, printableJsonText, printableLine, table } from './printable.ts'
export { Pulse } from './pulse.ts'
export {
  CurrentSecret,
  type FileOrText,
  type FromFile,
  readSecret,
  type Secret,
  SecretUnreadable,
  textOf
} from './secrets.ts'
export {
  asCount,
  asList,
  asOneOf,
  asPort,
  asText,
  parseSetting,
  type Setting,
  settingsIn,
  wholeNumberOf
} from './settings.ts'
export {
  causesOf,
  deniedWords,
  driverSqlState,
  isAboutSettings,
  isDenied,
  type SqlStateKind,
  sqlStateKind,
  sqlStateOf
} from './sqlstate.ts'
