import type { Schema } from 'avsc'
import { describeError } from '../../core/index.ts'
import type { AvroSchema } from '../avro/index.ts'
import type { EventVersion } from '../types.ts'

/**
 * Asks avsc, the Avro library of most other Node programs, for a codec of each version. Our codecs take more than it
 * does (`docs/decisions/0025`), and what is published is read by programs that are not ours.
 * @returns what it refuses, in words; empty when it takes all of them
 */
export async function portabilityWarnings(versions: readonly EventVersion[]): Promise<string[]> {
  // Loaded here, because nothing but this command needs it.
  const { default: avsc } = await import('avsc')
  return versions.flatMap(({ eventName, version, envelope }) => {
    try {
      avsc.Type.forSchema(withoutNestedDefaults(envelope) as Schema)
      return []
    } catch (error) {
      return [`${eventName}: version ${version} cannot be read by programs that use avsc: ${describeError(error)}`]
    }
  })
}

/** avsc computes a default of records within records at a cost that doubles with each level; ours are checked before. */
function withoutNestedDefaults(schema: AvroSchema): unknown {
  return JSON.parse(JSON.stringify(schema), (key, value) =>
    key === 'default' && typeof value === 'object' && value !== null ? undefined : value
  )
}
