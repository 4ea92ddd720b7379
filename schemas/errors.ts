import { type ErrorCodes, EventtrailError } from '../core/index.ts'

export const schemaErrorCodes = {
  EVENT_UNKNOWN: {
    misconfigured: true,
    meaning: 'The catalogue has no event of that name. The message lists the names it has.'
  },
  VERSION_UNKNOWN: { misconfigured: true, meaning: 'The event has no such version.' },
  SCHEMA_INVALID: {
    misconfigured: true,
    meaning: 'A schema breaks the rules of Avro or of eventtrail. The message names the file and the place.'
  },
  SCHEMA_UNUSABLE: {
    misconfigured: true,
    meaning: 'Nothing can be read with the schema that something was written with.'
  },
  SCHEMA_INCOMPATIBLE: { misconfigured: true, meaning: 'Two versions of an event cannot read each other.' },
  VERSION_TAKEN: {
    misconfigured: true,
    meaning:
      'The registry has another schema under the number of a version. A published version is never edited: add the next one.'
  },
  CATALOGUE_UNREADABLE: {
    misconfigured: true,
    meaning: 'The folder of schemas does not exist, is empty or cannot be read.'
  },
  PAYLOAD_INVALID: { misconfigured: true, meaning: 'A payload does not fit its schema; `field` says where.' },
  DECODE_FAILED: { misconfigured: true, meaning: 'Bytes are not an envelope of the schema that they name.' }
} as const satisfies ErrorCodes
export type SchemaErrorCode = keyof typeof schemaErrorCodes

/** A schema, a payload or stored bytes are not what they should be. Never retryable; never carries a value. */
export class SchemaError extends EventtrailError<SchemaErrorCode> {
  /** Path of the field at fault (`answers[2].text`), where there is one. */
  readonly field: string | undefined

  constructor(code: SchemaErrorCode, message: string, facts: { field?: string; cause?: unknown } = {}) {
    super(message, { code, ...schemaErrorCodes[code], cause: facts.cause })
    this.field = facts.field
  }
}

export const registryErrorCodes = {
  REGISTRY_UNAVAILABLE: {
    retryable: true,
    meaning:
      'The schema registry gives no connection, no answer in time, or an answer of 5xx. Check its URL and that it runs.'
  },
  REGISTRY_UNTRUSTED: {
    retryable: true,
    meaning:
      'TLS with the schema registry or its token endpoint fails: a CA that is not trusted, a certificate that has expired or has another name, a server that speaks no TLS, or a client certificate that is missing or refused. The message names the setting.'
  },
  REGISTRY_UNAUTHENTICATED: {
    misconfigured: true,
    meaning:
      'The schema registry wants a login or refuses it (401), its token endpoint gives no token, or the secret cannot be read. The message names the setting.'
  },
  REGISTRY_FORBIDDEN: {
    misconfigured: true,
    meaning: 'The login to the schema registry is right, and lacks a right (403). The message names the request.'
  },
  REGISTRY_REFUSED: { meaning: 'The schema registry says no; the message has its reason.' },
  SUBJECT_UNKNOWN: { meaning: 'The registry has no such subject. Run `eventtrail schemas register`.' },
  SCHEMA_UNKNOWN: { meaning: 'The registry has no schema of that id.' },
  SCHEMA_UNSUPPORTED: { meaning: 'The id names something that is not one whole Avro schema.' }
} as const satisfies ErrorCodes
export type RegistryErrorCode = keyof typeof registryErrorCodes

/** The schema registry could not be reached or did not give what was asked for. */
export class RegistryError extends EventtrailError<RegistryErrorCode> {
  constructor(code: RegistryErrorCode, message: string, cause?: unknown) {
    super(message, { code, ...registryErrorCodes[code], cause })
  }
}

/** Whether the registry answered that it does not give or take something: about no record, and not for a retry at once. */
export const isRegistryRefusal = (error: unknown): boolean =>
  error instanceof RegistryError &&
  (['REGISTRY_REFUSED', 'REGISTRY_UNAUTHENTICATED', 'REGISTRY_FORBIDDEN'] as const).some(code => code === error.code)
