/** A group without servers, for the tests of handlers: the pipeline of production, in a time that the test moves. */
export { TestGroupError, type TestGroupErrorCode, testGroupErrorCodes } from './errors.ts'
export { createTestGroup } from './test-group.ts'
export type { SettleOptions, TestDeadLetter, TestEventOptions, TestGroup, TestGroupOptions } from './types.ts'
