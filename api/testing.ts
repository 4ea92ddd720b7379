/** A consumer group without servers, for the tests of its handlers. Works in any test runner, and loads none. */

export {
  createTestGroup,
  type SettleOptions,
  type TestDeadLetter,
  type TestEventOptions,
  type TestGroup,
  TestGroupError,
  type TestGroupErrorCode,
  type TestGroupOptions
} from '../consumers/testing/index.ts'
export { OptionsError } from '../core/index.ts'
export { SchemaError, type SchemaErrorCode } from '../schemas/index.ts'
