import { EventtrailError } from '../core/index.ts'

/**
 * - `EVENT_UNKNOWN`: the catalogue has no event of that name.
 * - `VERSION_UNKNOWN`: the event has no such version.
 * - `SCHEMA_INVALID`: a schema breaks the Avro rules or those of this project; the message names the file.
 * - `SCHEMA_UNUSABLE`: nothing can be read with the schema that something was written with.
 * - `SCHEMA_INCOMPATIBLE`: two versions of an event cannot read each other.
 * - `VERSION_TAKEN`: the registry has another schema under the number of a version.
 * - `CATALOGUE_UNREADABLE`: the folder of schemas is not there, is empty or cannot be read.
 * - `PAYLOAD_INVALID`: what was to be published does not fit its schema; `field` names where.
 * - `DECODE_FAILED`: bytes that are no envelope of the schema they name.
 */
export type SchemaErrorCode =
  | 'EVENT_UNKNOWN'
  | 'VERSION_UNKNOWN'
  | 'SCHEMA_INVALID'
  | 'SCHEMA_UNUSABLE'
  | 'SCHEMA_INCOMPATIBLE'
  | 'VERSION_TAKEN'
  | 'CATALOGUE_UNREADABLE'
  | 'PAYLOAD_INVALID'
  | 'DECODE_FAILED'

/** A schema, a payload or stored bytes are not what they should be. Never retryable; never carries a value. */
export class SchemaError extends EventtrailError<SchemaErrorCode> {
  /** Path of the field at fault (`answers[2].text`), where there is one. */
  readonly field: string | undefined

  constructor(code: SchemaErrorCode, message: string, facts: { field?: string; cause?: unknown } = {}) {
    super(message, { code, retryable: false, cause: facts.cause })
    this.field = facts.field
  }
}

/**
 * - `REGISTRY_UNREACHABLE`: no connection, no answer in time, or an answer of 5xx. Retryable.
 * - `REGISTRY_REFUSED`: the registry said no; the message has its reason.
 * - `SUBJECT_UNKNOWN`: there is no such subject.
 * - `SCHEMA_UNKNOWN`: there is no schema of that id.
 * - `SCHEMA_UNSUPPORTED`: the id stands for something that is not one whole Avro schema.
 */
export type RegistryErrorCode =
  | 'REGISTRY_UNREACHABLE'
  | 'REGISTRY_REFUSED'
  | 'SUBJECT_UNKNOWN'
  | 'SCHEMA_UNKNOWN'
  | 'SCHEMA_UNSUPPORTED'

/** The schema registry could not be reached or did not give what was asked for. */
export class RegistryError extends EventtrailError<RegistryErrorCode> {
  constructor(code: RegistryErrorCode, message: string, cause?: unknown) {
    super(message, { code, retryable: code === 'REGISTRY_UNREACHABLE', cause })
  }
}
