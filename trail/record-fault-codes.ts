/** Why a record cannot become a row of the trail. */
export const recordFaultCodes = [
  'BATCH_UNREADABLE',
  'BATCH_TOO_LARGE',
  'NULL_VALUE',
  'NULL_KEY',
  'NOT_WIRE_FORMAT',
  'SCHEMA_UNKNOWN',
  'SCHEMA_NOT_OF_SUBJECT',
  'SCHEMA_UNUSABLE',
  'NOT_AN_ENVELOPE',
  'DECODE_FAILED',
  'ID_INVALID',
  'AGGREGATE_ID_INVALID',
  'OCCURRED_AT_OUT_OF_RANGE',
  'EVENT_NAME_MISMATCH',
  'SCHEMA_VERSION_MISMATCH',
  'NUMBER_NOT_FINITE',
  'RECORD_TOO_LARGE',
  'NESTED_TOO_DEEP',
  'CONFLICT',
  'POSTGRES_REFUSED',
  'TABLE_REFUSED',
  'UNKEEPABLE',
  'WRITE_FAILED'
] as const
export type RecordFaultCode = (typeof recordFaultCodes)[number]
