import { describeError } from '../../core/index.ts'
import { writerType } from '../avro/index.ts'
import type { EventVersion } from '../types.ts'

/**
 * Builds every reader that a consumer may need, each version with itself included. What passes here works in producers, groups and the sink.
 * @returns what does not, in words; empty when all is well.
 */
export function readerFaults(versions: readonly EventVersion[]): string[] {
  const faults: string[] = []
  for (const written of versions) {
    const attempt = (what: string, work: () => void): void => {
      try {
        work()
      } catch (error) {
        faults.push(`${written.eventName}: ${what}: ${describeError(error)}`)
      }
    }
    attempt(`nothing can be read that was written as version ${written.version}`, () => {
      const writer = writerType(written.envelope)
      for (const reader of versions)
        attempt(`version ${reader.version} cannot read events of version ${written.version}`, () => {
          reader.type.decoderOf(writer)
        })
    })
  }
  return faults
}
