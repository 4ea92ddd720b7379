import { v5 } from 'uuid'
import { OptionsError } from '../core/index.ts'

/** The UUIDv5 of the name `aggregate.eventtrail` in the namespace for URLs. Never changes: stored ids depend on it. */
const namespace = 'ebbe72f7-f2f6-513e-9b84-f967fb902c9f'
const kindPattern = /^[a-z][a-z0-9._-]*$/

/**
 * The aggregate id of something whose own id is not a UUID: always the same one for the same kind and key. It is the
 * UUIDv5 of the text `<kind>:<key>` in the namespace `ebbe72f7-f2f6-513e-9b84-f967fb902c9f`, so that services in
 * other languages get the same. The key cannot be read from it, but someone who knows which keys exist can try them all.
 * @param kind what it is, such as `customer`: small letters, digits, `.`, `_` and `-`.
 * @param key its id among those of its kind, such as `4711`.
 * @throws OptionsError
 */
export function aggregateIdOf(kind: string, key: string): string {
  if (typeof kind !== 'string' || !kindPattern.test(kind))
    throw new OptionsError('kind', 'a word of a-z, 0-9, ".", "_" and "-", beginning with a letter', kind)
  // A key may be a person's: the error does not repeat it.
  if (typeof key !== 'string' || key === '' || !key.isWellFormed())
    throw new OptionsError('key', 'a text that is not empty', key === '' ? 'an empty one' : `a ${typeof key}`)
  return v5(`${kind}:${key}`, namespace)
}
