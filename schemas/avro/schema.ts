/** An Avro schema as parsed JSON. */
export type AvroSchema = string | AvroSchema[] | { readonly [attribute: string]: unknown }

/** A record schema: what a version file holds. */
export interface AvroRecord {
  readonly type: 'record'
  readonly name: string
  readonly namespace?: string
  readonly doc?: string
  readonly fields: readonly {
    readonly name: string
    readonly type: AvroSchema
    readonly doc?: string
    readonly default?: unknown
  }[]
  readonly [attribute: string]: unknown
}

/** A schema that is an object, with what its attributes are not known to be. */
export type Attributes = Readonly<Record<string, unknown>>
